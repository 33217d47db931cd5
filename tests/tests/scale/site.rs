//! A router with very many networks.

use anyhow::Result;
use peer_tests::Lab;
use serde_json::{Value, json};

/// Interfaces made by one run of `ip`.
const BATCH: usize = 25;

/// The second byte of the first one's IPv4 prefix, out of the way of the lab's hosts.
const FIRST: usize = 50;

/// Most networks there can be: `10.50` to `10.254`.
pub(super) const MOST: usize = 205;

/// Give the router a port for each of `count` networks, cabled to one far namespace
/// where nobody answers.
pub(super) fn plug(lab: &Lab, count: usize) -> Result<()> {
    let far = lab.namespace("far")?;
    let all: Vec<usize> = (0..count).collect();
    for some in all.chunks(BATCH) {
        let lines = |line: &dyn Fn(usize) -> String| -> String {
            let lines: Vec<String> = some.iter().map(|number| line(*number)).collect();
            lines.join("\n")
        };
        lab.router.ip(&lines(&|number| {
            let (index, byte) = (1000 + number, FIRST + number);
            format!(
                "link add n{number} index {index} type veth peer name f{number} netns {}\n\
                 addr add 10.{byte}.0.1/24 dev n{number}\n\
                 addr add fd00:{byte:x}::1/64 dev n{number} nodad\n\
                 link set n{number} up",
                far.name
            )
        }))?;
        far.ip(&lines(&|number| format!("link set f{number} up")))?;
    }
    Ok(())
}

/// `count` networks, each its owner's, and both consents of the first `peerings`
/// pairs of them, as a stream of documents.
pub(super) fn documents(count: usize, peerings: usize) -> String {
    let networks = (0..count).map(|number| {
        let byte = FIRST + number;
        let prefixes = [format!("10.{byte}.0.0/16"), format!("fd00:{byte:x}::/48")];
        network(
            &format!("owner-{number}"),
            &format!("n{number}"),
            &prefixes,
            &format!("n{number}"),
        )
    });
    let consents = pairs(count).take(peerings).flat_map(|(one, other)| {
        [(one, other), (other, one)].map(|(own, peer)| {
            let [own, peer] = [own, peer].map(|it| (format!("owner-{it}"), format!("n{it}")));
            consent((&own.0, &own.1), (&peer.0, &peer.1))
        })
    });
    let texts: Vec<String> = networks.chain(consents).map(|it| it.to_string()).collect();
    texts.join("\n---\n")
}

/// Neighbours in number first, so that every network has about as many peers.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..=count / 2).flat_map(move |step| {
        // Half-way round, every pair would be met from both sides.
        let ones = if 2 * step == count { step } else { count };
        (0..ones).map(move |one| (one, (one + step) % count))
    })
}

/// A network behind one port.
pub(super) fn network(owner: &str, name: &str, prefixes: &[String], port: &str) -> Value {
    json!({
        "apiVersion": "peerd/v1",
        "kind": "Network",
        "metadata": { "namespace": owner, "name": name },
        "spec": { "prefixes": prefixes, "ports": [{ "interface": port }] },
    })
}

/// One side's consent, named after the peer. Both are namespace and name.
pub(super) fn consent(own: (&str, &str), peer: (&str, &str)) -> Value {
    json!({
        "apiVersion": "peerd/v1",
        "kind": "Peering",
        "metadata": { "namespace": own.0, "name": format!("to-{}", peer.1) },
        "spec": {
            "network": own.1,
            "peer": { "namespace": peer.0, "network": peer.1 },
            "ttl": "never",
        },
    })
}

#[test]
fn every_pair_of_networks_is_named_once() {
    for count in [2, 3, 7, 10, 150] {
        let mut all: Vec<_> = pairs(count).map(|(a, b)| (a.min(b), a.max(b))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count * (count - 1) / 2, "{count}");
        assert_eq!(pairs(count).count(), all.len(), "{count}");
    }
}
