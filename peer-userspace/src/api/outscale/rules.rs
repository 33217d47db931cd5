//! Rules of security groups in Outscale's words. Pure.
//!
//! Owns what protocols and ports are called, and which of it peerd's rules cannot say.
//! One rule of ours is one protocol, one range of ports and one IP range; Outscale shows
//! those together that differ in the last alone.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{errors::Error, params::Params, routes::ip_range};
use crate::model::{PortRange, Protocol, Rule};

/// `Flow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// What the peer may open.
    Inbound,
    /// What may be opened towards the peer.
    Outbound,
}

impl Flow {
    /// `Flow` of a call.
    pub(super) fn read(params: &mut Params) -> Result<Self, Error> {
        match params.required_text("Flow")?.as_str() {
            "Inbound" => Ok(Self::Inbound),
            "Outbound" => Ok(Self::Outbound),
            other => Err(Error::invalid_value(format!(
                "Flow is Inbound or Outbound, not `{other}`"
            ))),
        }
    }

    /// A rule about a range at the other end.
    fn rule(self, protocol: Protocol, ports: Vec<PortRange>, range: IpNet) -> Rule {
        let (from, to) = match self {
            Self::Inbound => (vec![range], Vec::new()),
            Self::Outbound => (Vec::new(), vec![range]),
        };
        Rule {
            protocol,
            ports,
            from,
            to,
        }
    }

    /// The ranges at the other end.
    fn ranges(self, rule: &Rule) -> &[IpNet] {
        match self {
            Self::Inbound => &rule.from,
            Self::Outbound => &rule.to,
        }
    }

    /// The rule there is by default, of the families that the Net has.
    pub(super) fn everything(self, prefixes: &[IpNet]) -> Vec<Rule> {
        let any = |text: &str| text.parse::<IpNet>().ok();
        let has_ipv6 = prefixes.iter().any(|prefix| prefix.addr().is_ipv6());
        let ranges = [any("0.0.0.0/0"), any("::/0").filter(|_| has_ipv6)];
        let ranges = ranges.into_iter().flatten();
        ranges
            .map(|range| self.rule(Protocol::Any, Vec::new(), range))
            .collect()
    }
}

/// The rules that a call names, in either of its two forms.
pub(super) fn read(params: &mut Params, flow: Flow) -> Result<Vec<Rule>, Error> {
    for member in [
        "SecurityGroupNameToLink",
        "SecurityGroupNameToUnlink",
        "SecurityGroupAccountIdToLink",
        "SecurityGroupAccountIdToUnlink",
    ] {
        if params.text(member)?.is_some() {
            return Err(no_members());
        }
    }
    let listed = params.objects("Rules")?;
    let flat = Words::read(params)?;
    let range = params.text("IpRange")?;
    let Some(listed) = listed else {
        let range = params.required("IpRange", range)?;
        return Ok(vec![flat.rule(flow, &range)?]);
    };
    if flat.is_given() || range.is_some() {
        return Err(Error::contradiction(
            "Rules says all: IpProtocol, FromPortRange, ToPortRange and IpRange cannot be beside it",
        ));
    }
    let mut rules = Vec::new();
    for mut one in listed {
        let words = Words::read(&mut one)?;
        // Terraform writes empty lists for what it was not given.
        let members = one.objects("SecurityGroupsMembers")?;
        if members.is_some_and(|members| !members.is_empty()) {
            return Err(no_members());
        }
        let services = one.texts("ServiceIds")?;
        if services.is_some_and(|services| !services.is_empty()) {
            return Err(Error::no_resource(
                "peerd knows no services of Outscale's: rules name IP ranges",
            ));
        }
        // An answer of ours, sent back.
        one.text("SecurityGroupRuleId")?;
        let ranges = one.texts("IpRanges")?.filter(|ranges| !ranges.is_empty());
        let ranges = one.required("IpRanges", ranges)?;
        one.finish()?;
        for range in ranges {
            rules.push(words.rule(flow, &range)?);
        }
    }
    if rules.is_empty() {
        return Err(Error::missing_parameter("Rules names no rule"));
    }
    Ok(rules)
}

fn no_members() -> Error {
    Error::no_member(
        "a rule cannot name another security group: peerd knows IP ranges at the other end, \
         not who has them",
    )
}

/// Protocol and ports as they were given.
struct Words {
    protocol: Option<String>,
    ports: [Option<i64>; 2],
}

impl Words {
    fn read(params: &mut Params) -> Result<Self, Error> {
        Ok(Self {
            protocol: params.text("IpProtocol")?,
            ports: [
                params.number("FromPortRange")?,
                params.number("ToPortRange")?,
            ],
        })
    }

    fn is_given(&self) -> bool {
        self.protocol.is_some() || self.ports.iter().any(Option::is_some)
    }

    fn rule(&self, flow: Flow, range: &str) -> Result<Rule, Error> {
        let protocol = self.protocol()?;
        Ok(flow.rule(protocol, self.ports(protocol)?, ip_range(range)?))
    }

    fn protocol(&self) -> Result<Protocol, Error> {
        let text = self.protocol.as_deref().unwrap_or("-1");
        let known = match text {
            "-1" => Some(Protocol::Any),
            "tcp" => Some(Protocol::Number(6)),
            "udp" => Some(Protocol::Number(17)),
            "icmp" => Some(Protocol::Number(1)),
            number => number.parse().ok().map(Protocol::Number),
        };
        known.ok_or_else(|| {
            Error::invalid_value(format!(
                "`{text}` is no IpProtocol: use tcp, udp, icmp, -1 for all, or a number to 255"
            ))
        })
    }

    fn ports(&self, protocol: Protocol) -> Result<Vec<PortRange>, Error> {
        let all = matches!(self.ports, [None, None] | [Some(-1), Some(-1)]);
        if !protocol.has_ports() {
            return match (all, protocol) {
                (true, _) => Ok(Vec::new()),
                (false, Protocol::Number(1)) => Err(Error::invalid_value(
                    "peerd does not tell ICMP's types and codes apart: FromPortRange and \
                     ToPortRange can only be -1, which is all of ICMP",
                )),
                (false, _) => Err(Error::invalid_value(
                    "only tcp, udp and 132 (SCTP) have ports: leave FromPortRange and ToPortRange \
                     out, or write -1",
                )),
            };
        }
        match self.ports {
            [Some(-1), Some(-1)] | [Some(0), Some(65_535)] => Ok(Vec::new()),
            [Some(first), Some(last)] => {
                let port = |port: i64| u16::try_from(port).ok().filter(|port| *port > 0);
                match (port(first), port(last)) {
                    (Some(first), Some(last)) if first <= last => Ok(vec![PortRange(first..=last)]),
                    _ => Err(Error::invalid_value(format!(
                        "{first} to {last} is no range of ports: those are 1 to 65535, or -1 for all"
                    ))),
                }
            }
            _ => Err(Error::missing_parameter(
                "FromPortRange and ToPortRange say which ports; -1 is all of them",
            )),
        }
    }
}

/// Rules as they are answered.
pub(super) fn json(rules: &[Rule], flow: Flow) -> Value {
    let mut shown: Vec<(&Rule, Vec<&IpNet>)> = Vec::new();
    for rule in rules {
        let alike = |known: &&mut (&Rule, Vec<&IpNet>)| {
            known.0.protocol == rule.protocol && known.0.ports == rule.ports
        };
        let ranges = flow.ranges(rule);
        match shown.iter_mut().find(alike) {
            Some((_, known)) => known.extend(ranges),
            None => shown.push((rule, ranges.iter().collect())),
        }
    }
    let shown = shown.into_iter().map(|(rule, ranges)| {
        let protocol = match rule.protocol {
            Protocol::Any => "-1".to_owned(),
            Protocol::Number(6) => "tcp".to_owned(),
            Protocol::Number(17) => "udp".to_owned(),
            Protocol::Number(1) => "icmp".to_owned(),
            Protocol::Number(number) => number.to_string(),
        };
        let (first, last) = match rule.ports.first() {
            Some(PortRange(ports)) => (i32::from(*ports.start()), i32::from(*ports.end())),
            None if rule.protocol.has_ports() => (0, 65_535),
            None => (-1, -1),
        };
        json!({
            "IpProtocol": protocol,
            "FromPortRange": first,
            "ToPortRange": last,
            "IpRanges": ranges,
        })
    });
    shown.collect()
}

#[cfg(test)]
mod tests;
