//! A host behind one of the router's ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Result, ensure};

use super::{
    namespace::Namespace,
    ping::{self, PingRun, Pings},
    socket::PacketSocket,
};

/// A host's only interface.
pub const ETH0: &str = "eth0";

/// A host with one interface towards the router; the first host of a lab has
/// 10.1.0.2 and fd00:1::2, the second 10.2.0.2 and fd00:2::2, and so on.
#[derive(Clone, Debug)]
pub struct Host {
    /// Name of the host, and of the network it lies in where tables name one.
    pub name: String,
    /// The router's interface facing it.
    pub port: String,
    /// Its namespace.
    pub ns: Namespace,
    /// Its IPv4 address.
    pub v4: IpAddr,
    /// Its IPv6 address.
    pub v6: IpAddr,
    /// The router's IPv4 address on their link.
    pub gateway4: IpAddr,
    /// The router's IPv6 address on their link.
    pub gateway6: IpAddr,
    index: u8,
}

impl Host {
    pub(crate) fn new(name: &str, index: u8, ns: Namespace) -> Self {
        let v4 = |host| Ipv4Addr::new(10, index, 0, host).into();
        let v6 = |host| Ipv6Addr::new(0xfd00, index.into(), 0, 0, 0, 0, 0, host).into();
        let (name, port) = (name.to_owned(), format!("veth-{name}"));
        Self {
            name,
            port,
            ns,
            v4: v4(2),
            v6: v6(2),
            gateway4: v4(1),
            gateway6: v6(1),
            index,
        }
    }

    /// Set its interface up: addresses and default routes.
    pub(crate) fn configure(&self) -> Result<()> {
        let Self {
            v4,
            v6,
            gateway4,
            gateway6,
            ..
        } = self;
        self.ns.ip(&format!(
            "addr add {v4}/24 dev {ETH0}\n\
             addr add {v6}/64 dev {ETH0} nodad\n\
             link set {ETH0} up\n\
             route add default via {gateway4}\n\
             route add ::/0 via {gateway6}"
        ))
    }

    /// Its address in either family.
    pub fn addresses(&self) -> [IpAddr; 2] {
        [self.v4, self.v6]
    }

    /// The router's address on their link in either family.
    pub fn gateways(&self) -> [IpAddr; 2] {
        [self.gateway4, self.gateway6]
    }

    /// The prefixes its network declares. The link uses but a small part of them.
    pub fn prefixes(&self) -> [String; 2] {
        [
            format!("10.{}.0.0/16", self.index),
            format!("fd00:{:x}::/48", self.index),
        ]
    }

    /// The label of its network in metrics.
    pub fn network(&self) -> String {
        format!("{0}-team/{0}", self.name)
    }

    /// Send `count` echo requests 50 ms apart and see how many are answered.
    pub fn ping(&self, to: IpAddr, count: u32) -> Result<Pings> {
        ping::run(self, to, count, "0.05")
    }

    /// See every one of three pings answered.
    pub fn assert_reaches(&self, to: IpAddr) -> Result<()> {
        let pings = self.ping(to, 3)?;
        ensure!(pings.none_lost(), "{} pings {to}: {pings}", self.name);
        Ok(())
    }

    /// See none of three pings answered.
    pub fn assert_unanswered(&self, to: IpAddr) -> Result<()> {
        let pings = self.ping(to, 3)?;
        ensure!(pings.received == 0, "{} pings {to}: {pings}", self.name);
        Ok(())
    }

    /// Ping some 70 times a second until stopped.
    pub fn ping_meanwhile(&self, to: IpAddr) -> Result<PingRun> {
        PingRun::start(self, to)
    }

    /// Turn an offload of its interface on or off, such as `gro`.
    pub fn offload(&self, feature: &str, on: bool) -> Result<()> {
        let state = if on { "on" } else { "off" };
        self.ns
            .run(&format!("ethtool -K {ETH0} {feature} {state}"))
            .map(drop)
    }

    /// Offloads of its interface as `ethtool -k` lists them.
    pub fn offloads(&self) -> Result<String> {
        self.ns.run(&format!("ethtool -k {ETH0}"))
    }

    /// Everything its interface sends and receives, frame by frame.
    pub fn frames(&self) -> Result<PacketSocket> {
        PacketSocket::open(&self.ns, ETH0)
    }

    /// Hardware address of its interface.
    pub fn mac(&self) -> Result<[u8; 6]> {
        self.ns.mac(ETH0)
    }
}
