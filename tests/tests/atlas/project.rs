//! A project of one peer for each provider: its document, its networks, its words.

use anyhow::{Result, ensure};
use peer_tests::{Api, Host, SOON, wait_until};
use serde_json::{Value, json};

/// Where projects are read.
pub(super) const PROJECTS: &str = "/v1/foreign/atlasprojects";

/// The id of a container that exists.
pub(super) const CONTAINER: &str = "6dc5f17280eef56a459fa3fb";

/// What is one provider's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    pub(super) word: &'static str,
    /// The project of `examples/atlas/`, and its name.
    document: &'static str,
    pub(super) name: &'static str,
    /// The user's network: kind, account, name.
    pub(super) vpc: [&'static str; 3],
    /// Where the state is told, and where errors are.
    pub(super) keys: [&'static str; 2],
    /// Pending and ready, by the operator and by its documentation.
    pub(super) words: [[&'static str; 2]; 2],
}

pub(super) const PROVIDERS: [Provider; 3] = [
    Provider {
        word: "AWS",
        document: include_str!("../../../examples/atlas/aws.yaml"),
        name: "on-aws",
        vpc: ["AwsVpc", "123456789012", "vpc-12345678"],
        keys: ["statusName", "errorStateName"],
        words: [
            ["PENDING_ACCEPTANCE", "AVAILABLE"],
            ["WAITING FOR USER", "READY"],
        ],
    },
    Provider {
        word: "AZURE",
        document: include_str!("../../../examples/atlas/azure.yaml"),
        name: "on-azure",
        vpc: [
            "AzureVnet",
            "5a1b2c3d-0000-4000-8000-000000000001",
            "my-vnet",
        ],
        keys: ["status", "errorState"],
        words: [
            ["WAITING_FOR_USER", "AVAILABLE"],
            ["WAITING FOR USER", "READY"],
        ],
    },
    Provider {
        word: "GCP",
        document: include_str!("../../../examples/atlas/gcp.yaml"),
        name: "on-gcp",
        vpc: ["GcpNetwork", "my-gcp-project", "my-vpc"],
        keys: ["status", "errorMessage"],
        words: [
            ["WAITING_FOR_USER", "AVAILABLE"],
            ["PENDING ACCEPTANCE", "READY"],
        ],
    },
];

impl Provider {
    /// The example, with the lab's prefixes: a container of 10.1.0.0/21, of which
    /// 10.2.0.0/24 is reached; or the container that exists.
    pub(super) fn document(&self, is_new: bool) -> String {
        let text = self.document.replace("192.168.0.0/24", "10.2.0.0/24");
        let container = match is_new {
            true => "atlasCidrBlock: 10.1.0.0/21".to_owned(),
            false => format!("containerId: {CONTAINER}"),
        };
        text.replace("atlasCidrBlock: 10.8.0.0/21", &container)
    }

    /// The container's network at a host's port.
    pub(super) fn container(&self, host: &Host, is_new: bool) -> Value {
        let (kind, name) = match is_new {
            true => ("AtlasProject", self.name),
            false => ("AtlasNetworkContainer", CONTAINER),
        };
        let mut network = network("default/container", host, kind, None, name);
        if !is_new {
            network["spec"]["prefixes"] = json!(["10.1.0.0/21"]);
        }
        network
    }

    /// The user's network at a host's port.
    pub(super) fn users(&self, host: &Host) -> Value {
        let [kind, account, name] = self.vpc;
        let mut network = network("my-team/vpc", host, kind, Some(account), name);
        network["spec"]["prefixes"] = json!(["10.2.0.0/16"]);
        network
    }

    /// The consent that the project's entry is.
    pub(super) fn consent(&self) -> String {
        let word = self.word.to_lowercase();
        format!("default/{}-{word}-{}", self.name, self.vpc[2])
    }

    pub(super) fn path(&self) -> String {
        format!("{PROJECTS}/default/{}", self.name)
    }

    /// Wait until the entry has a word; returns the project's status.
    pub(super) fn wait_word(&self, api: &Api, wanted: &str) -> Result<Value> {
        wait_until(&format!("{} is {wanted}", self.name), SOON, || {
            let status = api.get(&self.path())?["status"].take();
            let word = &status["networkPeers"][0][self.keys[0]];
            ensure!(word == wanted, "it is {status}");
            Ok(status)
        })
    }
}

/// A network that Atlas knows by another name.
fn network(id: &str, host: &Host, kind: &str, account: Option<&str>, name: &str) -> Value {
    let (namespace, own) = id.split_once('/').unwrap_or(("default", id));
    let mut source = json!({ "apiVersion": "atlas.mongodb.com/v1", "kind": kind, "name": name });
    if let Some(account) = account {
        source["namespace"] = json!(account);
    }
    json!({
        "apiVersion": "peerd/v1", "kind": "Network",
        "metadata": { "namespace": namespace, "name": own },
        "spec": { "source": source, "ports": [{ "interface": host.port }] },
    })
}
