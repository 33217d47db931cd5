//! Where the control side is measured: a router with its daemon and three hosts, blue, green
//! and red, and tables of any size for it.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Daemon, Host, Lab, Programs, Table, interrupt};

/// How long anything may take before it is called broken.
pub(super) const LONGEST: Duration = Duration::from_secs(180);

/// How often the daemon is asked whether it is done.
const LOOK: Duration = Duration::from_millis(2);

/// What the limits of an owner, which are meant for many owners, would refuse.
const QUOTAS: &str = "quotas: { default: { prefixes: 2000000, routes: 4000000 } }\n";

/// Address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The `number`th of a million prefixes that nobody else in the lab has, and an
    /// address in it: /24s from 20.0.0.0 on, /48s from fd10:: on.
    fn prefix(self, number: u32) -> (String, IpAddr) {
        let [_, high, mid, low] = number.to_be_bytes();
        match self {
            Self::V4 => {
                let address = [20 + high, mid, low, 1];
                (format!("{}.{mid}.{low}.0/24", address[0]), address.into())
            }
            Self::V6 => {
                let segments = [0xfd10, high.into(), u16::from_be_bytes([mid, low])];
                let [first, second, third] = segments;
                let address = [first, second, third, 0, 0, 0, 0, 1];
                (
                    format!("{first:x}:{second:x}:{third:x}::/48"),
                    address.into(),
                )
            }
        }
    }
}

/// What green has behind its host, besides its own prefixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Routes {
    pub(super) count: u32,
    pub(super) family: Family,
}

impl Routes {
    /// None.
    pub(super) const NONE: Self = Self {
        count: 0,
        family: Family::V4,
    };

    /// Such as `100 k routes`.
    pub(super) fn name(self) -> String {
        match self.count {
            0 => "few routes".to_owned(),
            count if count.is_multiple_of(1_000_000) => format!("{} M routes", count / 1_000_000),
            count => format!("{} k routes", count / 1000),
        }
    }

    fn prefixes(self) -> impl Iterator<Item = String> {
        (0..self.count).map(move |number| self.family.prefix(number).0)
    }

    /// An address in the first prefix, in one in the middle, and in the last.
    fn some_addresses(self) -> impl Iterator<Item = IpAddr> {
        let numbers = [0, self.count / 2, self.count.saturating_sub(1)];
        let numbers = numbers.into_iter().filter(move |_| self.count > 0);
        numbers.map(move |number| self.family.prefix(number).1)
    }
}

/// The router and all there is around it.
pub(super) struct Site {
    /// Declared first, since it has to end before its namespace does.
    pub(super) daemon: Daemon,
    pub(super) blue: Host,
    pub(super) green: Host,
    pub(super) red: Host,
    pub(super) lab: Lab,
}

impl Site {
    /// Everything but a running daemon.
    pub(super) fn new(programs: &Path) -> Result<Self> {
        let lab = Lab::new("control")?;
        let (blue, green, red) = (lab.host("blue")?, lab.host("green")?, lab.host("red")?);
        // A neighbour that is found in the middle would be a second change.
        for host in [&blue, &green, &red] {
            let mac = host.mac()?.map(|byte| format!("{byte:02x}")).join(":");
            let known = host.addresses().map(|address| {
                format!(
                    "neigh add {address} lladdr {mac} dev {} nud permanent",
                    host.port
                )
            });
            lab.router.ip(&known.join("\n"))?;
        }
        let mut daemon = Daemon::new(&lab, Programs::in_folder(programs)?)?;
        daemon.ready_within = LONGEST;
        daemon.configure(QUOTAS)?;
        Ok(Self {
            daemon,
            blue,
            green,
            red,
            lab,
        })
    }

    /// The networks of the three hosts: blue and green peer, and green has these routes
    /// besides, all by its host.
    pub(super) fn table(&self, routes: Routes) -> Table {
        let via = self
            .green
            .addresses()
            .map(|address| format!("\"{address}\""));
        let via = format!("via: [{}]", via.join(", "));
        let table = self.table_by_host_routes(routes);
        table.with("green", |green| green.port_field(&via))
    }

    /// The same, but green's routes lead where the host's do.
    pub(super) fn table_by_host_routes(&self, routes: Routes) -> Table {
        Table::of([&self.blue, &self.green, &self.red])
            .peered("blue", "green")
            .with("green", |green| green.prefixes.extend(routes.prefixes()))
    }

    /// Give the router's kernel the same routes, by two next hops in turn.
    pub(super) fn add_host_routes(&self, routes: Routes) -> Result<()> {
        let port = &self.green.port;
        let mac = self
            .green
            .mac()?
            .map(|byte| format!("{byte:02x}"))
            .join(":");
        let first = match routes.family {
            Family::V4 => self.green.v4,
            Family::V6 => self.green.v6,
        };
        let second: IpAddr = match first {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() + 1).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() + 1).into(),
        };
        let mut lines = format!("neigh add {second} lladdr {mac} dev {port} nud permanent\n");
        for (prefix, via) in routes.prefixes().zip([first, second].into_iter().cycle()) {
            let _ = writeln!(lines, "route add {prefix} via {via} dev {port}");
        }
        self.lab.router.ip(&lines)
    }

    /// What gives the router's kernel the same routes, as lines for `ip`.
    pub(super) fn kernel_routes(&self, routes: Routes) -> String {
        let port = &self.green.port;
        let via = match routes.family {
            Family::V4 => self.green.v4,
            Family::V6 => self.green.v6,
        };
        let mut lines = String::new();
        for prefix in routes.prefixes() {
            let _ = writeln!(lines, "route add {prefix} via {via} dev {port}");
        }
        lines
    }

    /// Routes in all tables, as the daemon says the kernel holds them.
    pub(super) fn routes_held(&self) -> Result<u64> {
        let status = self.daemon.api().get("/v1/status")?;
        let error = &status["lastApply"]["error"];
        ensure!(error.is_null(), "the kernel does not follow: {error}");
        status["routes"]
            .as_u64()
            .context("the status counts no routes")
    }

    /// Wait until the kernel holds at least so many.
    pub(super) fn wait_held(&self, wanted: u64) -> Result<()> {
        let deadline = Instant::now() + LONGEST;
        loop {
            let held = self.routes_held()?;
            if held >= wanted {
                return Ok(());
            }
            interrupt::check()?;
            ensure!(
                Instant::now() < deadline,
                "after {LONGEST:?} the kernel holds {held} routes and not {wanted}; peerd's log:\n{}",
                self.daemon.log()
            );
            thread::sleep(LOOK);
        }
    }

    /// See packets of blue's for the first, the last and a middle one of the routes come
    /// out at green.
    pub(super) fn assert_forwards(&self, routes: Routes) -> Result<()> {
        let frames = self.green.frames()?;
        for address in routes.some_addresses() {
            let sender = self.blue.ns.enter(|| -> std::io::Result<_> {
                let any: IpAddr = match address {
                    IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = std::net::UdpSocket::bind((any, 0))?;
                socket.send_to(b"from the benchmark", (address, 9))
            })?;
            sender.with_context(|| format!("blue cannot send to {address}"))?;
            let bytes = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            // Of an IP packet in an Ethernet frame.
            let place = if address.is_ipv4() { 30..34 } else { 38..54 };
            let came = frames.receive(Duration::from_secs(2), |frame| {
                (frame.get(place.clone())? == bytes).then_some(())
            })?;
            ensure!(came.is_some(), "a packet to {address} does not arrive");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_a_million_has_a_prefix_of_its_own_that_holds_its_address() {
        for family in [Family::V4, Family::V6] {
            let all: std::collections::BTreeSet<_> =
                (0..1_000_000).map(|number| family.prefix(number)).collect();
            assert_eq!(all.len(), 1_000_000);
        }
        assert_eq!(Family::V4.prefix(65_536 + 257).0, "21.1.1.0/24");
        assert_eq!(Family::V6.prefix(65_536 + 257).0, "fd10:1:101::/48");
        assert_eq!(Family::V6.prefix(257).1.to_string(), "fd10:0:101::1");
    }
}
