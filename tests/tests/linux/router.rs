//! A router between host blue and host green, by peerd or by the kernel, and what
//! becomes of a frame that blue sends it.
//!
//! The two are alike in every address, so that what they send can be compared byte
//! by byte, and know their neighbours beforehand, so that nobody has to ask. The
//! hosts have no addresses of their own: nothing answers but the router.

use std::{cell::Cell, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Daemon, ETH0, Hook, Host, Lab, PacketSocket, Programs, Table, Udp, frame::Mac, wait_until,
};

use super::outcome::Outcome;

pub(crate) const BLUE: Mac = [0x02, 0, 0, 0, 1, 2];
pub(crate) const BLUE_PORT: Mac = [0x02, 0, 0, 0, 1, 1];
const GREEN: Mac = [0x02, 0, 0, 0, 2, 2];
const GREEN_PORT: Mac = [0x02, 0, 0, 0, 2, 1];

/// MTU of the router's port to green; that of its port to blue is 1500.
pub(crate) const MTU: u16 = 1400;

/// How long a frame may take that is known to arrive.
const SOON: Duration = Duration::from_secs(20);

/// A router with its two hosts.
pub(crate) struct Router {
    blue: Port,
    green: Port,
    sentinels: Cell<u32>,
    /// Ends before its namespace does.
    _daemon: Option<Daemon>,
    _lab: Lab,
}

/// One of the router's ports, seen from the host at the other end of its cable.
struct Port {
    cable: PacketSocket,
    host: Host,
    host_mac: Mac,
    port_mac: Mac,
}

impl Router {
    /// The kernel forwards. It checks sources, as peerd does by its tables (RFC 3704
    /// section 2.2).
    pub(crate) fn linux() -> Result<Self> {
        let (lab, blue, green) = lab("the kernel's router")?;
        lab.router.set_sysctl("net/ipv4/conf/all/rp_filter", "1")?;
        lab.route_in_kernel(true)?;
        Self::open(lab, blue, green, None)
    }

    /// peerd forwards, its ports in a `mode`, and the kernel does not.
    pub(crate) fn peerd(mode: &str) -> Result<Self> {
        let (lab, blue, green) = lab("peerd's router")?;
        // A veth has room for frames redirected by XDP only with GRO at its far end.
        [&blue, &green]
            .into_iter()
            .try_for_each(|port| port.host.offload("gro", true))?;
        let table = Table::of([&blue.host, &green.host])
            .peered("blue", "green")
            .with_all(|network| network.port_field(&format!("mode: {mode}")));
        let mut daemon = Daemon::new(&lab, Programs::find()?)?;
        daemon.write_table(&table.to_string())?;
        daemon.start()?;
        for port in [&blue, &green] {
            let programs = lab.router.programs_at(&port.host.port, Hook::Xdp)?;
            ensure!(
                programs == u32::from(mode == "xdp"),
                "{programs} XDP programs"
            );
        }
        Self::open(lab, blue, green, Some(daemon))
    }

    fn open(lab: Lab, blue: Port, green: Port, daemon: Option<Daemon>) -> Result<Self> {
        let router = Self {
            blue,
            green,
            sentinels: Cell::new(0),
            _daemon: daemon,
            _lab: lab,
        };
        let first = Duration::from_millis(200);
        wait_until("the router forwards both ways", SOON, || {
            router.until_sentinel(&router.blue, &router.green, first)?;
            router.until_sentinel(&router.green, &router.blue, first)
        })?;
        Ok(router)
    }

    /// Have blue send a frame, and see all that comes of it.
    ///
    /// Whatever does has come by the time that sentinels sent later have arrived, in
    /// either direction: nothing is judged by the time it takes.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<Outcome> {
        self.blue.cable.send(frame)?;
        let there = self.until_sentinel(&self.blue, &self.green, SOON)?;
        let back = self.until_sentinel(&self.green, &self.blue, SOON)?;
        Ok(Outcome::of(frame, there, back))
    }

    /// Send a sentinel from one host to the other: what arrives there before it.
    fn until_sentinel(&self, from: &Port, to: &Port, limit: Duration) -> Result<Vec<Vec<u8>>> {
        self.sentinels.set(self.sentinels.get() + 1);
        let sentinel = Udp {
            to_mac: from.port_mac,
            from_mac: from.host_mac,
            from: from.host.v4,
            to: to.host.v4,
            ttl: 64,
            payload: format!("sentinel {}", self.sentinels.get()).into_bytes(),
        };
        from.cable.send(&sentinel.frame())?;
        let mut before = Vec::new();
        let arrived = to.cable.receive(limit, |frame| {
            let is_sentinel = Udp::parse(frame).is_some_and(|udp| udp.payload == sentinel.payload);
            if !is_sentinel {
                before.push(frame.to_vec());
            }
            is_sentinel.then_some(())
        })?;
        arrived.with_context(|| {
            format!(
                "no sentinel from {} at {} after {limit:?}",
                from.host.name, to.host.name
            )
        })?;
        Ok(before)
    }
}

fn lab(tag: &str) -> Result<(Lab, Port, Port)> {
    let lab = Lab::new(tag)?;
    // The kernel answers with errors as often as there is reason to: of no type are
    // they limited.
    lab.router.set_sysctl("net/ipv4/icmp_ratemask", "0")?;
    lab.router.set_sysctl("net/ipv6/icmp/ratemask", "\n")?;
    let blue = port(&lab, lab.host("blue")?, BLUE, BLUE_PORT)?;
    let green = port(&lab, lab.host("green")?, GREEN, GREEN_PORT)?;
    lab.router
        .ip(&format!("link set {} mtu {MTU}", green.host.port))?;
    Ok((lab, blue, green))
}

/// Give both ends of a cable fixed addresses, the host none of its own, and the
/// router nothing to ask.
fn port(lab: &Lab, host: Host, host_mac: Mac, port_mac: Mac) -> Result<Port> {
    let cable = host.frames()?;
    let Host {
        ns, port, v4, v6, ..
    } = &host;
    ns.set_sysctl(&format!("net/ipv6/conf/{ETH0}/disable_ipv6"), "1")?;
    ns.ip(&format!(
        "addr flush dev {ETH0}\nlink set {ETH0} address {}",
        text(host_mac)
    ))?;
    let mac = text(host_mac);
    lab.router.ip(&format!(
        "link set {port} address {}\n\
         addr flush dev {port} scope link\n\
         addr add fe80::1/64 dev {port} nodad\n\
         neigh replace {v4} lladdr {mac} dev {port} nud permanent\n\
         neigh replace {v6} lladdr {mac} dev {port} nud permanent\n\
         neigh replace fe80::2 lladdr {mac} dev {port} nud permanent",
        text(port_mac)
    ))?;
    Ok(Port {
        cable,
        host,
        host_mac,
        port_mac,
    })
}

fn text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}
