//! A router whose ports lead nowhere, for tests that send no packets.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{
    daemon::Daemon,
    documents::{consent, network, stream},
    programs::Programs,
    topology::Lab,
    wait::{SOON, wait_until},
};

/// The router and its daemon. Port `p1` is to be of a network with 10.1.0.0/16,
/// `p2` of one with 10.2.0.0/16, and so on.
#[derive(Debug)]
pub struct Bare {
    /// Declared first, since it has to end before its namespace does.
    pub daemon: Daemon,
    /// The router, and all there is to clean up.
    pub lab: Lab,
}

impl Bare {
    /// Everything but a running daemon, with so many ports and an empty table.
    pub fn prepare(tag: &str, ports: u8) -> Result<Self> {
        let lab = Lab::new(tag)?;
        let daemon = Daemon::new(&lab, Programs::find()?)?;
        let port = |number| {
            format!(
                "link add p{number} type veth peer name end-of-p{number}\n\
                 addr add 10.{number}.0.1/24 dev p{number}\n\
                 link set p{number} up\n\
                 link set end-of-p{number} up\n"
            )
        };
        lab.router.ip(&(1..=ports).map(port).collect::<String>())?;
        Ok(Self { daemon, lab })
    }

    /// With its daemon ready.
    pub fn start(tag: &str, ports: u8) -> Result<Self> {
        let mut bare = Self::prepare(tag, ports)?;
        bare.daemon.start()?;
        Ok(bare)
    }

    /// With the networks blue-team/blue, green-team/green and red-team/red, as the
    /// API holds them, and no peerings.
    pub fn with_networks(tag: &str) -> Result<Self> {
        let bare = Self::start(tag, 5)?;
        bare.declare_networks()?;
        Ok(bare)
    }

    /// Put the three networks into the API.
    pub fn declare_networks(&self) -> Result<()> {
        let networks = [("blue", 1), ("green", 2), ("red", 3)].map(|(name, number)| {
            let prefix = format!("10.{number}.0.0/16");
            network(
                &format!("{name}-team/{name}"),
                &format!("p{number}"),
                &[&prefix],
            )
        });
        for network in networks {
            let made = self.daemon.api().put("POST", "/v1/networks", &network)?;
            made.expect(201)?;
        }
        Ok(())
    }

    /// Have two of the networks peer, as `blue-team/to-green` and so on.
    pub fn peer(&self, one: &str, other: &str) -> Result<()> {
        let consents = [(one, other), (other, one)].map(|(own, peer)| {
            consent(
                &format!("{own}-team/to-{peer}"),
                own,
                &format!("{peer}-team/{peer}"),
            )
        });
        self.daemon.api().apply("", &stream(&consents))?;
        self.wait_state(&format!("{one}-team/to-{other}"), "active")?;
        self.wait_state(&format!("{other}-team/to-{one}"), "active")
            .map(drop)
    }

    /// Wait until a consent has a state; returns it.
    pub fn wait_state(&self, id: &str, wanted: &str) -> Result<Value> {
        wait_until(&format!("{id} is {wanted}"), SOON, || {
            let consent = self.daemon.api().get(&format!("/v1/peerings/{id}"))?;
            ensure!(
                consent["status"]["state"] == wanted,
                "it is {}",
                consent["status"]
            );
            Ok(consent)
        })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Captured by the test runner, which shows it where a test failed.
        println!("--- peerd's log\n{}", self.daemon.log());
    }
}
