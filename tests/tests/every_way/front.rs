//! What every front-end can be asked to do, for a side of the pair blue and green.

use anyhow::Result;
use peer_tests::{Api, Scene};

/// One side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// Name of the network, in the namespace `NAME-team`.
    pub(super) name: &'static str,
    pub(super) peer: &'static str,
    /// Its own prefix.
    pub(super) prefix: &'static str,
    pub(super) peer_prefix: &'static str,
    /// Kube-OVN's ends of the link between the two.
    pub(super) connect: &'static str,
    pub(super) peer_connect: &'static str,
}

pub(super) const BLUE: Side = Side {
    name: "blue",
    peer: "green",
    prefix: "10.1.0.0/16",
    peer_prefix: "10.2.0.0/16",
    connect: "169.254.0.1",
    peer_connect: "169.254.0.2",
};

pub(super) const GREEN: Side = Side {
    name: "green",
    peer: "blue",
    prefix: BLUE.peer_prefix,
    peer_prefix: BLUE.prefix,
    connect: BLUE.peer_connect,
    peer_connect: BLUE.connect,
};

impl Side {
    pub(super) fn team(self) -> String {
        format!("{}-team", self.name)
    }

    pub(super) fn peer_team(self) -> String {
        format!("{}-team", self.peer)
    }
}

/// A system's way to ask, answer and look.
pub(super) trait Front {
    fn name(&self) -> &'static str;

    /// Ask the peer, who has not asked.
    fn ask(&self, api: &Api, side: Side) -> Result<()>;

    /// Consent to what the peer asked for.
    fn answer(&self, api: &Api, side: Side) -> Result<()> {
        self.ask(api, side)
    }

    /// Open what its system keeps closed until somebody says so.
    fn open(&self, _: &Api, _: Side) -> Result<()> {
        Ok(())
    }

    /// Close that again, with the peering or without.
    fn close(&self, _: &Api, _: Side) -> Result<()> {
        Ok(())
    }

    /// Take back the own consent.
    fn withdraw(&self, api: &Api, side: Side) -> Result<()>;

    /// The word for the peering's state as this side sees it, if it shows it at all.
    fn word(&self, api: &Api, side: Side) -> Result<Option<String>>;

    /// Its words for a request of one's own that waits, and for one that carries traffic.
    fn words(&self) -> (Option<&'static str>, &'static str);

    /// Whether it shows what other front-ends made.
    fn shows_all(&self) -> bool {
        true
    }
}

/// Two hosts and their networks, which other systems' documents can name.
pub(super) fn stage(tag: &str) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    let vpc = |name| format!("source: {{ apiVersion: kubeovn.io/v1, kind: Vpc, name: {name} }}");
    scene.edit(|table| {
        table
            .without_consent("blue", "green")
            .without("red")
            .without_consent("green", "blue")
            .without_consent("green", "red")
            .with("blue", |network| network.more.push(vpc("blue")))
            .with("green", |network| network.more.push(vpc("green")))
    })?;
    scene.daemon.start()?;
    Ok(scene)
}
