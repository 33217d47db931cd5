//! `peerctl request`: ask another network to peer.

use std::str::FromStr;

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Client, Exit, Failure,
    consent::{ConsentArgs, object},
    names::{Named, Namespace, NotALabel, is_uuid},
    url::Url,
    write::WriteArgs,
};

/// Arguments of `request`.
#[derive(Clone, Debug, clap::Args)]
pub struct Request {
    /// Your network, as [NAMESPACE/]NAME
    network: Named,
    /// The network to peer with, as [NAMESPACE/]NAME (your network's namespace without one) or its uid
    peer: Peer,
    #[command(flatten)]
    namespace: Namespace,
    #[command(flatten)]
    consent: ConsentArgs,
    /// The request expires after this time, like 7d, or never
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// Logical routers between the networks
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    hops: Option<u8>,
    #[command(flatten)]
    write: WriteArgs,
}

/// The network to peer with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Peer {
    Id(String),
    Network(Named),
}

impl FromStr for Peer {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        if is_uuid(text) {
            Ok(Self::Id(text.to_owned()))
        } else {
            text.parse().map(Self::Network)
        }
    }
}

impl Request {
    /// Make one's own consent, which asks for the other's.
    ///
    /// # Errors
    /// If peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let (url, body) = (Url::of(&["peerings"]), self.document()?);
        self.write
            .send(client, Method::POST, url, Some(&body))
            .await
    }

    fn document(&self) -> Result<Value, Failure> {
        let own = self.network.within(&self.namespace);
        let (peer, peer_name) = match &self.peer {
            Peer::Id(id) => (json!({ "id": id }), id.as_str()),
            Peer::Network(Named { namespace, name }) => {
                let namespace = namespace.as_ref().unwrap_or(&own.namespace);
                let peer = json!({ "namespace": namespace, "network": name });
                (peer, name.as_str())
            }
        };
        let name = match &self.consent.name {
            Some(name) => name.to_string(),
            None => format!("to-{peer_name}"),
        };
        Ok(json!({
            "apiVersion": "peerd/v1",
            "kind": "Peering",
            "metadata": object([
                ("namespace", Some(json!(own.namespace))),
                ("name", Some(json!(name))),
                ("labels", self.consent.labels()),
            ]),
            "spec": object([
                ("network", Some(json!(own.name))),
                ("peer", Some(peer)),
                ("export", self.consent.export()?),
                ("ttl", self.ttl.as_ref().map(|ttl| json!(ttl))),
                ("hops", self.hops.map(|hops| json!(hops))),
            ]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::dialect;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: Request,
    }

    fn document(arguments: &[&str]) -> Value {
        let line = Line::try_parse_from([&["request"], arguments].concat()).unwrap();
        line.request.document().unwrap()
    }

    #[test]
    fn a_request_says_what_is_given_and_nothing_else() {
        assert_eq!(
            document(&["blue-team/blue", "green"]),
            json!({
                "apiVersion": "peerd/v1",
                "kind": "Peering",
                "metadata": { "namespace": "blue-team", "name": "to-green" },
                "spec": { "network": "blue", "peer": { "namespace": "blue-team", "network": "green" } },
            })
        );
        let full = document(&[
            "blue",
            "green-team/green",
            "-n",
            "blue-team",
            "--name",
            "x",
            "--labels",
            "a=b,c=",
            "--export",
            "10.1.0.0/17",
            "--ttl",
            "never",
            "--hops",
            "2",
        ]);
        assert_eq!(
            full["metadata"],
            json!({
                "namespace": "blue-team", "name": "x", "labels": { "a": "b", "c": "" },
            })
        );
        assert_eq!(full["spec"]["peer"]["namespace"], "green-team");
        assert_eq!(full["spec"]["export"], json!(["10.1.0.0/17"]));
        assert_eq!(full["spec"]["hops"], 2);
        // What it makes is what a table may say.
        assert!(dialect::parse(&full.to_string()).is_ok());
    }

    #[test]
    fn a_peer_may_be_known_by_its_uid_alone() {
        let uid = "0b8ba0d7-6f3c-4f0e-9d52-0d8a4f6c1b11";
        let document = document(&["blue", uid, "--export", "none"]);
        assert_eq!(document["spec"]["peer"], json!({ "id": uid }));
        assert_eq!(document["metadata"]["name"], format!("to-{uid}"));
        assert_eq!(document["spec"]["export"], json!([]));
    }
}
