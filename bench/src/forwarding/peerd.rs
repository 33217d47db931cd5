//! The real daemon on a rig's router, with the table its networks' owners would declare.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::Daemon;

use super::rig::{Rig, Shape};
use crate::Options;

/// The largest tables take the daemon this long.
const START: Duration = Duration::from_secs(300);
/// Enough for every scenario: one owner has all networks.
const QUOTAS: &str = "quotas: { default: { networks: 20000, peerings: 40000, prefixes: 4000000, \
                      routes: 4000000 } }\n";

/// Start it, all ports having one mode, and see that it holds every route.
pub(super) fn start(rig: &Rig, mode: &str, options: &Options) -> Result<Daemon> {
    let programs = peer_tests::Programs::in_folder(&options.programs)?;
    let mut daemon = Daemon::new(&rig.lab, programs)?;
    daemon.ready_within = START;
    daemon.configure(QUOTAS)?;
    daemon.write_table(&table(&rig.shape, mode))?;
    daemon.start()?;
    // Ready is also a daemon that refuses what it was given.
    for &family in rig.shape.families {
        let labels = [("network", "default/n0"), ("family", family.name())];
        let held = daemon.metrics()?.count("peer_routes", &labels);
        let wanted = rig.shape.routes();
        ensure!(
            held >= u64::from(wanted),
            "peerd has {held} {} routes of {wanted}; its log:\n{}",
            family.name(),
            daemon.log()
        );
    }
    Ok(daemon)
}

/// Why it dropped packets so far, in words.
pub(super) fn drops(daemon: &Daemon) -> Result<String> {
    let text = daemon.metrics()?.text;
    let told: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("peer_dropped_packets_total{") && !line.ends_with(" 0"))
        .collect();
    Ok(told.join(", "))
}

/// A network for each port. Network 0 sends, and peers with all others.
fn table(shape: &Shape, mode: &str) -> String {
    let mut text = String::new();
    for network in shape.ports() {
        let prefixes: Vec<_> = shape
            .prefixes_of(network)
            .into_iter()
            .map(|(_, prefix)| prefix)
            .collect();
        // Quoted, since an IPv6 prefix has colons.
        let _ = write!(
            text,
            "---\napiVersion: peerd/v1\nkind: Network\nmetadata: {{ name: n{network} }}\n\
             spec:\n  prefixes: {prefixes:?}\n  \
             ports: [{{ interface: p{network}, mode: {mode} }}]\n"
        );
    }
    for network in 1..=shape.networks {
        for (own, peer) in [(0, network), (network, 0)] {
            let _ = write!(
                text,
                "---\napiVersion: peerd/v1\nkind: Peering\n\
                 metadata: {{ name: n{own}-to-n{peer} }}\n\
                 spec: {{ network: n{own}, peer: {{ network: n{peer} }} }}\n"
            );
        }
    }
    text
}
