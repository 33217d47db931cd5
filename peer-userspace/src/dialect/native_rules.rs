//! `allow` and `allowOut` of a consent.

use ipnet::IpNet;

use super::{
    Findings,
    addresses::prefix,
    value::{Value, enumerate},
};
use crate::model::{PortRange, Protocol, Rule};

const PORT: &str = "a port such as 443 or a range such as \"8000-8999\"";

/// One rule.
pub(super) fn rule(value: &Value<'_>, findings: &mut Findings) -> Option<Rule> {
    let mut fields = value.fields(findings)?;
    let protocol = match fields.optional("protocol") {
        Some(protocol) => read_protocol(&protocol, findings),
        None => Some(Protocol::Any),
    };
    let written = fields.optional("ports");
    let ports = list(written.as_ref(), PORT, findings, port_range);
    if let (Some(written), Some(protocol)) = (&written, protocol)
        && !protocol.has_ports()
    {
        let text = "only tcp, udp and 132 (SCTP) have ports; name one of them as `protocol`, \
                    or remove the ports";
        written.error(text, findings);
    }
    let mut prefixes = |name, findings: &mut Findings| {
        let written = fields.optional(name);
        list(written.as_ref(), "a prefix", findings, prefix)
    };
    let (from, to) = (prefixes("from", findings), prefixes("to", findings));
    fields.finish(&[], findings);
    let rule = Rule {
        protocol: protocol?,
        ports: ports?,
        from: from?,
        to: to?,
    };
    if !rule.from.is_empty() && !rule.to.is_empty() && !share_a_family(&rule.from, &rule.to) {
        value.error(
            "one of `from` and `to` is IPv4 only and the other IPv6 only, so no packet fits; \
             write prefixes of one family",
            findings,
        );
        return None;
    }
    Some(rule)
}

fn share_a_family(one: &[IpNet], other: &[IpNet]) -> bool {
    one.iter().any(|one| {
        other
            .iter()
            .any(|other| one.addr().is_ipv4() == other.addr().is_ipv4())
    })
}

/// A list that is not empty if it is there at all: `[]` would look like nothing and
/// mean everything.
fn list<T>(
    written: Option<&Value<'_>>,
    expected: &str,
    findings: &mut Findings,
    read: impl FnMut(&Value<'_>, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(value) = written else {
        return Some(Vec::new());
    };
    let entries = value.every(findings, read)?;
    if entries.is_empty() {
        let text = format!("is empty; write {expected}, or leave the field out for any");
        value.error(text, findings);
        return None;
    }
    Some(entries)
}

fn read_protocol(value: &Value<'_>, findings: &mut Findings) -> Option<Protocol> {
    let names: Vec<&str> = Protocol::NAMED.iter().map(|(name, _)| *name).collect();
    let expected = format!("{} or a number from 0 to 255", names.join(", "));
    let text = value.text(&expected, findings)?;
    let named = Protocol::NAMED.iter().find(|(name, _)| *name == text);
    let protocol = match named {
        Some((_, protocol)) => Some(*protocol),
        None => plain(text).map(Protocol::Number),
    };
    if protocol.is_none() {
        let names = enumerate(&names, "or");
        let text = format!("`{text}` is not a protocol; use {names}, or a number from 0 to 255");
        value.error(text, findings);
    }
    protocol
}

fn port_range(value: &Value<'_>, findings: &mut Findings) -> Option<PortRange> {
    let text = value.text(PORT, findings)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text| plain::<u16>(text).filter(|port| *port > 0);
    let text = match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => return Some(PortRange(first..=last)),
        (Some(first), Some(last)) => {
            format!("`{text}` ends before it begins; write \"{last}-{first}\"")
        }
        _ => {
            format!("`{text}` is not a port or a range; use numbers from 1 to 65535, as in {PORT}")
        }
    };
    value.error(text, findings);
    None
}

/// A number as one writes it: without the sign and the noughts that Rust would read.
fn plain<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    text.parse()
        .ok()
        .filter(|number: &T| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::super::{
        parse,
        tests::{errors, peering},
    };
    use super::*;

    const SHORTEST: &str = "network: blue\npeer: { network: green }\n";

    fn read(rule: &str) -> Rule {
        let text = peering(&format!("{SHORTEST}allow: [{rule}]"));
        let consent = parse(&text).unwrap().consents.remove(0).0;
        consent.allow.unwrap().remove(0)
    }

    /// The errors of the only rule of `allow`, without position and path.
    fn errors_of(rule: &str) -> Vec<String> {
        let all = errors(&peering(&format!("{SHORTEST}allow:\n- {rule}")));
        let short = |error: &String| {
            let column = error.strip_prefix("8:").expect("it is on its line");
            column.replace("spec.allow[0]", "")
        };
        all.iter().map(short).collect()
    }

    #[test]
    fn a_rule_that_names_nothing_fits_everything() {
        let rule = read("{}");
        assert_eq!(rule.protocol, Protocol::Any);
        assert!(rule.ports.is_empty() && rule.from.is_empty() && rule.to.is_empty());
    }

    #[test]
    fn a_protocol_is_a_name_or_a_number() {
        for (text, protocol) in [
            ("any", Protocol::Any),
            ("tcp", Protocol::Number(6)),
            ("udp", Protocol::Number(17)),
            ("icmp", Protocol::Number(1)),
            ("icmpv6", Protocol::Number(58)),
            ("6", Protocol::Number(6)),
            ("0", Protocol::Number(0)),
            ("255", Protocol::Number(255)),
            ("\"132\"", Protocol::Number(132)),
        ] {
            assert_eq!(read(&format!("{{ protocol: {text} }}")).protocol, protocol);
        }
        for bad in ["TCP", "256", "-1", "06", "sctp"] {
            assert_eq!(
                errors_of(&format!("{{ protocol: {bad} }}")),
                [format!(
                    "17: .protocol: `{bad}` is not a protocol; \
                     use any, tcp, udp, icmp or icmpv6, or a number from 0 to 255"
                )]
            );
        }
    }

    #[test]
    fn ports_are_numbers_and_ranges() {
        let ranges = |text: &str| read(&format!("{{ protocol: tcp, ports: [{text}] }}")).ports;
        assert_eq!(
            ranges("443, 8000-8999, \"1-65535\", '22'"),
            [443..=443, 8000..=8999, 1..=65535, 22..=22].map(PortRange)
        );
        for bad in [
            "0", "65536", "1-", "-1", "80-0", "http", "1-2-3", "1 - 2", "080",
        ] {
            assert_eq!(
                errors_of(&format!("{{ protocol: udp, ports: [{bad}] }}")),
                [format!(
                    "30: .ports[0]: `{bad}` is not a port or a range; use numbers from 1 to 65535, \
                     as in a port such as 443 or a range such as \"8000-8999\""
                )]
            );
        }
        assert_eq!(
            errors_of("{ protocol: tcp, ports: [90-80] }"),
            ["30: .ports[0]: `90-80` ends before it begins; write \"80-90\""]
        );
    }

    #[test]
    fn only_protocols_with_ports_have_ports() {
        for protocol in ["tcp", "udp", "132"] {
            read(&format!("{{ protocol: {protocol}, ports: [1] }}"));
        }
        let said = ".ports: only tcp, udp and 132 (SCTP) have ports; \
                    name one of them as `protocol`, or remove the ports";
        assert_eq!(errors_of("{ ports: [1] }"), [format!("14: {said}")]);
        assert_eq!(
            errors_of("{ protocol: icmp, ports: [1] }"),
            [format!("30: {said}")]
        );
    }

    #[test]
    fn from_and_to_are_prefixes_of_one_family_at_least() {
        let rule = read("{ from: [10.2.0.0/16, \"fd00:2::/48\"], to: [0.0.0.0/0] }");
        assert_eq!((rule.from.len(), rule.to.len()), (2, 1));
        assert_eq!(
            errors_of("{ from: [10.2.0.1/16] }"),
            ["14: .from[0]: `10.2.0.1/16` has host bits set; write 10.2.0.0/16"]
        );
        assert_eq!(
            errors_of("{ from: [10.2.0.0/16], to: [\"fd00::/8\"] }"),
            [
                "5: : one of `from` and `to` is IPv4 only and the other IPv6 only, \
                 so no packet fits; write prefixes of one family"
            ]
        );
    }

    #[test]
    fn an_empty_list_inside_a_rule_is_not_taken_for_any() {
        let any = "or leave the field out for any";
        assert_eq!(
            errors_of("{ protocol: tcp, ports: [], from: [], to: }"),
            [
                format!(
                    "29: .ports: is empty; write a port such as 443 or a range such as \
                     \"8000-8999\", {any}"
                ),
                format!("39: .from: is empty; write a prefix, {any}"),
                "45: .to: has no value; write a list".to_owned(),
            ]
        );
    }
}
