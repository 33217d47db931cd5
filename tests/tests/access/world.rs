//! What there is to ask for: networks and consents of three owners.

use anyhow::Result;
use peer_tests::{
    Bare,
    documents::{consent, network},
};
use serde_json::Value;

use super::callers;

/// Owners. Blue and green peer, green and red peer, blue and red are strangers.
pub(super) const OWNERS: [&str; 3] = ["blue-team", "green-team", "red-team"];

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Peering,
}

/// How a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has it.
    Absent,
    /// It is there; if it is a consent, the peer has consented as well.
    There,
    /// A request that waits for the peer.
    Asked,
}

/// Something to ask for.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) stage: Stage,
    /// What it is, or would be.
    pub(super) document: Value,
}

impl Object {
    pub(super) fn id(&self) -> String {
        peer_tests::documents::name(&self.document)
    }

    pub(super) fn namespace(&self) -> &str {
        text(&self.document["metadata"]["namespace"])
    }

    /// The owner of the network a consent asks for.
    pub(super) fn peer(&self) -> &str {
        text(&self.document["spec"]["peer"]["namespace"])
    }

    /// Its list.
    pub(super) fn list(&self) -> &'static str {
        match self.kind {
            Kind::Network => "/v1/networks",
            Kind::Peering => "/v1/peerings",
        }
    }

    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.list(), self.id())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Everything that is there, and of each kind and owner something that is not.
pub(super) fn objects() -> Vec<Object> {
    let networks = (1..).zip([
        ("blue-team/blue", Stage::There),
        ("green-team/green", Stage::There),
        ("red-team/red", Stage::There),
        ("blue-team/spare", Stage::There),
        ("green-team/spare", Stage::There),
        ("red-team/spare", Stage::There),
        ("blue-team/absent", Stage::Absent),
        ("green-team/absent", Stage::Absent),
        ("red-team/absent", Stage::Absent),
    ]);
    let networks = networks.map(|(number, (id, stage))| Object {
        kind: Kind::Network,
        stage,
        document: network(id, &format!("p{number}"), &[&format!("10.{number}.0.0/16")]),
    });
    let consents = [
        (
            "blue-team/to-green",
            "blue",
            "green-team/green",
            Stage::There,
        ),
        (
            "green-team/to-blue",
            "green",
            "blue-team/blue",
            Stage::There,
        ),
        ("green-team/to-red", "green", "red-team/red", Stage::There),
        ("red-team/to-green", "red", "green-team/green", Stage::There),
        ("blue-team/ask", "spare", "green-team/spare", Stage::Asked),
        ("green-team/ask", "green", "blue-team/spare", Stage::Asked),
        ("red-team/ask", "spare", "green-team/spare", Stage::Asked),
        (
            "blue-team/absent",
            "blue",
            "green-team/spare",
            Stage::Absent,
        ),
        ("green-team/absent", "spare", "red-team/red", Stage::Absent),
        ("red-team/absent", "red", "green-team/spare", Stage::Absent),
    ];
    let consents = consents.map(|(id, own, peer, stage)| Object {
        kind: Kind::Peering,
        stage,
        document: consent(id, own, peer),
    });
    networks.chain(consents).collect()
}

/// A daemon that holds them and knows every caller.
pub(super) fn start(tag: &str) -> Result<Bare> {
    let mut bare = Bare::prepare(tag, 9)?;
    bare.daemon.configure(&callers::config()?)?;
    bare.daemon.listen()?;
    bare.daemon.start()?;
    bare.daemon.open_socket()?;
    let all = objects();
    let there = all.iter().filter(|object| object.stage != Stage::Absent);
    // One by one: an apply could be undone by whoever made it.
    let root = bare.daemon.api();
    for object in there.clone() {
        let made = root.put("POST", object.list(), &object.document)?;
        made.expect(201)?;
    }
    for object in there.filter(|object| object.kind == Kind::Peering) {
        let state = match object.stage {
            Stage::Asked => "pending",
            _ => "active",
        };
        bare.wait_state(&object.id(), state)?;
    }
    Ok(bare)
}
