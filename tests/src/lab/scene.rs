//! The scene most tests play in: blue–green and green–red peer, blue–red do not.

use std::net::IpAddr;

use anyhow::{Result, ensure};

use super::{
    client::Status,
    daemon::Daemon,
    frame::Udp,
    host::Host,
    process::Output,
    programs::Programs,
    table::Table,
    topology::Lab,
    wait::{SOON, wait_until},
};

/// Three hosts around a router, a table, and the daemon to enforce it.
#[derive(Debug)]
pub struct Scene {
    /// Declared first, since it has to end before its namespace does.
    pub daemon: Daemon,
    /// What its table file says.
    pub table: Table,
    /// Peers with green.
    pub blue: Host,
    /// Peers with blue and with red.
    pub green: Host,
    /// Peers with green.
    pub red: Host,
    /// The router, and all there is to clean up.
    pub lab: Lab,
    tells_log: bool,
}

impl Scene {
    /// Everything but a running daemon, from programs built elsewhere.
    pub fn new(tag: &str, programs: Programs) -> Result<Self> {
        let lab = Lab::new(tag)?;
        let (blue, green, red) = (lab.host("blue")?, lab.host("green")?, lab.host("red")?);
        let table = Table::of([&blue, &green, &red])
            .peered("blue", "green")
            .peered("green", "red");
        let daemon = Daemon::new(&lab, programs)?;
        daemon.write_table(&table.to_string())?;
        Ok(Self {
            daemon,
            table,
            blue,
            green,
            red,
            lab,
            tells_log: false,
        })
    }

    /// Everything but a running daemon, from the programs built with this test.
    pub fn prepare(tag: &str) -> Result<Self> {
        let mut scene = Self::new(tag, Programs::find()?)?;
        scene.tells_log = true;
        Ok(scene)
    }

    /// Leave all of it up when dropped; [`remove_kept`] takes it down.
    ///
    /// [`remove_kept`]: super::cleanup::remove_kept
    pub fn keep(&mut self) -> Result<()> {
        self.lab.keep()?;
        self.daemon.keep();
        Ok(())
    }

    /// The scene with its daemon ready.
    pub fn start(tag: &str) -> Result<Self> {
        Self::start_with(tag, |table| table)
    }

    /// The scene with its daemon ready on an edited table.
    pub fn start_with(tag: &str, edit: impl FnOnce(Table) -> Table) -> Result<Self> {
        let mut scene = Self::prepare(tag)?;
        scene.edit(edit)?;
        scene.daemon.start()?;
        Ok(scene)
    }

    /// Edit the table file.
    pub fn edit(&mut self, edit: impl FnOnce(Table) -> Table) -> Result<()> {
        self.table = edit(self.table.clone());
        self.daemon.write_table(&self.table.to_string())
    }

    /// State of the consent of `from` to peer with `to`.
    pub fn status(&self, from: &str, to: &str) -> Result<Status> {
        self.daemon
            .status(&format!("{from}-team"), &format!("to-{to}"))
    }

    /// Wait until the consent of `from` to peer with `to` has a state.
    pub fn wait_state(&self, from: &str, to: &str, wanted: &str) -> Result<Status> {
        wait_until(&format!("{from}-team/to-{to} is {wanted}"), SOON, || {
            let status = self.status(from, to)?;
            ensure!(
                status.state == wanted,
                "it is {}: {}",
                status.state,
                status.reason
            );
            Ok(status)
        })
    }

    /// Wait until the daemon's log, or a reason it gives, names both words.
    pub fn wait_said(&self, one: &str, other: &str) -> Result<()> {
        wait_until(
            &format!("peerd says `{one}` and `{other}` in one line"),
            SOON,
            || {
                let said =
                    self.daemon.log() + &self.daemon.peerctl(&["get", "peerings", "-A"])?.said();
                let line = said
                    .lines()
                    .find(|line| line.contains(one) && line.contains(other));
                ensure!(line.is_some(), "it says\n{said}");
                Ok(())
            },
        )
    }

    /// Wait until pings get through in both families.
    pub fn wait_reachable(&self, from: &Host, to: &Host) -> Result<()> {
        wait_until(&format!("{} reaches {}", from.name, to.name), SOON, || {
            to.addresses()
                .into_iter()
                .try_for_each(|address| from.assert_reaches(address))
        })
    }

    /// See three pings in each family and direction answered.
    pub fn assert_connected(&self, one: &Host, other: &Host) -> Result<()> {
        one.addresses()
            .into_iter()
            .try_for_each(|address| other.assert_reaches(address))?;
        other
            .addresses()
            .into_iter()
            .try_for_each(|address| one.assert_reaches(address))
    }

    /// See no ping answered, in neither family nor direction.
    pub fn assert_separated(&self, one: &Host, other: &Host) -> Result<()> {
        one.addresses()
            .into_iter()
            .try_for_each(|address| other.assert_unanswered(address))?;
        other
            .addresses()
            .into_iter()
            .try_for_each(|address| one.assert_unanswered(address))
    }

    /// A datagram a host might send by way of the router, to be altered at will.
    pub fn datagram(&self, sender: &Host, from: IpAddr, to: IpAddr) -> Result<Udp> {
        let (to_mac, from_mac) = (self.lab.router.mac(&sender.port)?, sender.mac()?);
        Ok(Udp {
            to_mac,
            from_mac,
            from,
            to,
            ttl: 64,
            payload: b"from the lab".to_vec(),
        })
    }

    /// Packets and IP bytes forwarded from one network to another so far.
    pub fn forwarded(&self, from: &Host, to: &Host) -> Result<(u64, u64)> {
        let metrics = self.daemon.metrics()?;
        let (from, to) = (from.network(), to.network());
        let count = |name| metrics.count(name, &[("from", &from), ("to", &to)]);
        Ok((
            count("peer_forwarded_packets_total"),
            count("peer_forwarded_bytes_total"),
        ))
    }

    /// Packets of a network dropped for a reason so far.
    pub fn dropped(&self, network: &Host, reason: &str) -> Result<u64> {
        let labels = [("network", &*network.network()), ("reason", reason)];
        Ok(self
            .daemon
            .metrics()?
            .count("peer_dropped_packets_total", &labels))
    }

    /// Do something that must be dropped, and see exactly `count` packets of a
    /// network counted for exactly this reason and for no other.
    pub fn assert_drops(
        &self,
        network: &Host,
        reason: &str,
        count: u64,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let total = || -> Result<u64> {
            let labels = [("network", &*network.network())];
            Ok(self
                .daemon
                .metrics()?
                .count("peer_dropped_packets_total", &labels))
        };
        let before = (self.dropped(network, reason)?, total()?);
        work()?;
        wait_until(
            &format!("{count} packets are counted as {reason}"),
            SOON,
            || {
                let now = (self.dropped(network, reason)?, total()?);
                let grown = (now.0 - before.0, now.1 - before.1);
                ensure!(
                    grown == (count, count),
                    "{} were, {} for all reasons",
                    grown.0,
                    grown.1
                );
                Ok(())
            },
        )
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if self.tells_log {
            // Captured by the test runner, which shows it where a test failed.
            println!("--- table\n{}", self.table);
            println!("--- peerd's log\n{}", self.daemon.log());
            println!("--- neighbours\n{}", told(self.lab.router.run("ip neigh")));
            let drops = self.daemon.peerctl(&["get", "drops", "-A"]);
            println!("--- drops\n{}", told(drops.and_then(Output::ok)));
        }
    }
}

fn told(outcome: Result<String>) -> String {
    outcome.unwrap_or_else(|error| format!("{error:#}\n"))
}
