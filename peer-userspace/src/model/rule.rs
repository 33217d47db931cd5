//! Rules of a consent: what may be opened over the peering.

use std::{fmt, ops::RangeInclusive};

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// One entry of `spec.allow` or `spec.allowOut`. A flow fits it that fits each of
/// its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Destination ports; empty means all, and packets without ports.
    pub ports: Vec<PortRange>,
    /// Source prefixes; empty means any source.
    pub from: Vec<IpNet>,
    /// Destination prefixes; empty means any destination.
    pub to: Vec<IpNet>,
}

/// `protocol` of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Every one.
    Any,
    /// The one with this number: IPv4's protocol field, IPv6's last next header.
    Number(u8),
}

impl Protocol {
    /// Protocols that have a name here.
    pub const NAMED: [(&str, Self); 5] = [
        ("any", Self::Any),
        ("tcp", Self::Number(6)),
        ("udp", Self::Number(17)),
        ("icmp", Self::Number(1)),
        ("icmpv6", Self::Number(58)),
    ];

    /// Whether it has ports that rules may name: TCP, UDP and SCTP.
    pub fn has_ports(self) -> bool {
        matches!(self, Self::Number(6 | 17 | 132))
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = Self::NAMED.iter().find(|(_, named)| named == self);
        match (self, named) {
            (Self::Number(number), None) => serializer.serialize_u8(*number),
            (_, named) => serializer.serialize_str(named.map_or("any", |(name, _)| name)),
        }
    }
}

/// One entry of `ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRange(pub RangeInclusive<u16>);

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.start() == self.0.end() {
            serializer.serialize_u16(*self.0.start())
        } else {
            serializer.collect_str(self)
        }
    }
}
