//! Blue behind two hosts that are gateways to the rest of its prefixes.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::{Host, PacketSocket, Scene, Udp, wait_until};

/// A loaded machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The scene, and blue's other gateway.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) second: Host,
}

impl Stage {
    /// The daemon is ready; `second` gives the further fields of the second port.
    pub(crate) fn start(tag: &str, second_port: &str) -> Result<Self> {
        let mut scene = Scene::prepare(tag)?;
        let second = scene.lab.host("blue2")?;
        let port = format!("interface: {}{second_port}", second.port);
        scene.edit(|table| {
            table.with("blue", |network| {
                network.prefixes.extend(second.prefixes());
                network.ports.push(port);
            })
        })?;
        scene.daemon.start()?;
        Ok(Self { scene, second })
    }

    /// Have the host route to [`far`] addresses by both gateways with these weights.
    pub(crate) fn route(&self, weights: [u32; 2]) -> Result<()> {
        let gateways = [&self.scene.blue, &self.second];
        for (to, family) in [("10.1.48.0/20", 0), ("fd00:1:0:50::/64", 1)] {
            let hops = gateways.iter().zip(weights).map(|(host, weight)| {
                let via = host.addresses()[family];
                format!("nexthop via {via} dev {} weight {weight}", host.port)
            });
            let hops = hops.collect::<Vec<_>>().join(" ");
            self.scene
                .lab
                .router
                .ip(&format!("route replace {to} {hops}"))?;
        }
        Ok(())
    }

    /// Wait until the daemon shows these weights for a route, each with whether its hop
    /// is up.
    pub(crate) fn wait_hops(&self, to: &str, wanted: &[(u64, bool)]) -> Result<()> {
        wait_until(&format!("{to} has the hops {wanted:?}"), PATIENCE, || {
            let arguments = ["get", "routes", "-n", "green-team", "-o", "json"];
            let routes = self.scene.daemon.peerctl(&arguments)?.ok()?;
            let routes: serde_json::Value = serde_json::from_str(&routes)?;
            let listed = routes.as_array().or_else(|| routes["items"].as_array());
            let mut routes = listed.context("no list of routes")?.iter();
            let route = routes
                .find(|route| route["to"] == to && route["network"] == "green-team/green")
                .with_context(|| format!("no route to {to}"))?;
            let hops = route["hops"].as_array().context("no hops")?.iter();
            let hop =
                |hop: &serde_json::Value| Some((hop["weight"].as_u64()?, hop["up"].as_bool()?));
            let mut hops: Vec<_> = hops.filter_map(hop).collect();
            hops.sort_unstable();
            ensure!(hops == wanted, "it has {route}");
            Ok(())
        })
    }

    /// Where what green sends to each address arrives: at blue (0) or at the second (1).
    pub(crate) fn arrivals(&self, to: &[IpAddr]) -> Result<BTreeMap<IpAddr, usize>> {
        let sender = self.scene.green.frames()?;
        let receivers = [self.scene.blue.frames()?, self.second.frames()?];
        let mut arrived = BTreeMap::new();
        // Few at a time, so that no queue overflows.
        for some in to.chunks(50) {
            for address in some {
                sender.send(&self.datagram(*address)?)?;
            }
            let deadline = Instant::now() + Duration::from_secs(20);
            while some.iter().any(|address| !arrived.contains_key(address)) {
                if Instant::now() > deadline {
                    let lost = some.iter().find(|address| !arrived.contains_key(*address));
                    bail!("nothing arrived for {lost:?}");
                }
                for (place, receiver) in receivers.iter().enumerate() {
                    drain(receiver, |address| {
                        let before = arrived.insert(address, place);
                        assert!(
                            before.is_none_or(|before| before == place),
                            "{address} twice"
                        );
                    })?;
                }
            }
        }
        arrived.retain(|address, _| to.contains(address));
        Ok(arrived)
    }

    fn datagram(&self, to: IpAddr) -> Result<Vec<u8>> {
        let green = &self.scene.green;
        let from = green.addresses()[usize::from(to.is_ipv6())];
        Ok(self.scene.datagram(green, from, to)?.frame())
    }

    /// Wait until what green sends to an address arrives at this gateway; says how long
    /// that took.
    pub(crate) fn wait_arrives(&self, to: IpAddr, place: usize) -> Result<Duration> {
        let began = Instant::now();
        let (sender, host) = (
            self.scene.green.frames()?,
            [&self.scene.blue, &self.second][place],
        );
        let receiver = host.frames()?;
        let frame = self.datagram(to)?;
        wait_until(&format!("{to} arrives at {}", host.name), PATIENCE, || {
            sender.send(&frame)?;
            let ours = |frame: &[u8]| Udp::parse(frame).filter(|udp| udp.to == to).map(drop);
            receiver
                .receive(Duration::from_millis(50), ours)?
                .context("nothing came")
        })?;
        Ok(began.elapsed())
    }
    /// Whether nothing that green sends there arrives at either gateway's own MAC.
    pub(crate) fn wait_quiet(&self, to: IpAddr) -> Result<bool> {
        let sender = self.scene.green.frames()?;
        let receivers = [self.scene.blue.frames()?, self.second.frames()?];
        sender.send(&self.datagram(to)?)?;
        let mut quiet = true;
        for receiver in &receivers {
            let ours = |frame: &[u8]| Udp::parse(frame).filter(|udp| udp.to == to).map(drop);
            quiet &= receiver
                .receive(Duration::from_millis(300), ours)?
                .is_none();
        }
        Ok(quiet)
    }
}

fn drain(receiver: &PacketSocket, mut seen: impl FnMut(IpAddr)) -> Result<()> {
    receiver.receive(Duration::from_millis(20), |frame| {
        if let Some(udp) = Udp::parse(frame) {
            seen(udp.to);
        }
        None::<()>
    })?;
    Ok(())
}

/// Addresses behind blue's gateways.
pub(crate) fn far(v6: bool, count: u16) -> Result<Vec<IpAddr>> {
    (0..count)
        .map(|number| {
            let text = if v6 {
                format!("fd00:1:0:50::{number:x}")
            } else {
                format!("10.1.{}.{}", 48 + number / 250, 1 + number % 250)
            };
            Ok(text.parse()?)
        })
        .collect()
}
