//! `--allow` and `--allow-out`: rules as people write them,
//! `tcp:443,8000-8999 from 10.2.0.0/16 to 10.1.9.0/24`.

use std::str::FromStr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

/// One rule, in the table's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule(Value);

/// Why a text is no [`Rule`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum WrongRule {
    #[error("`{0}` is no protocol: use tcp, udp, icmp, icmpv6, a number or any")]
    Protocol(String),
    #[error("only tcp and udp have ports")]
    NoPorts,
    #[error("`{0}` is no port: use a number from 1 to 65535, or FIRST-LAST")]
    Port(String),
    #[error("`{0}` is no prefix")]
    Prefix(String),
    #[error("after the protocol comes `from PREFIX,…` or `to PREFIX,…`, each once at most")]
    Form,
}

impl FromStr for Rule {
    type Err = WrongRule;

    fn from_str(text: &str) -> Result<Self, WrongRule> {
        let mut words = text.split_whitespace();
        let what = words.next().unwrap_or_default();
        let (protocol, ports) = match what.split_once(':') {
            Some((protocol, ports)) => (protocol, Some(ports)),
            None => (what, None),
        };
        let mut rule = Map::new();
        rule.insert("protocol".to_owned(), self::protocol(protocol)?);
        if let Some(ports) = ports {
            if !["tcp", "udp"].contains(&protocol) {
                return Err(WrongRule::NoPorts);
            }
            rule.insert(
                "ports".to_owned(),
                ports.split(',').map(port).collect::<Result<_, _>>()?,
            );
        }
        while let Some(side) = words.next() {
            let (true, Some(prefixes)) = (["from", "to"].contains(&side), words.next()) else {
                return Err(WrongRule::Form);
            };
            let prefixes = prefixes.split(',').map(prefix).collect::<Result<_, _>>()?;
            if rule.insert(side.to_owned(), prefixes).is_some() {
                return Err(WrongRule::Form);
            }
        }
        Ok(Self(Value::Object(rule)))
    }
}

impl Rule {
    /// As the table has it.
    pub(super) fn json(&self) -> &Value {
        &self.0
    }
}

fn protocol(text: &str) -> Result<Value, WrongRule> {
    match text {
        "tcp" | "udp" | "icmp" | "icmpv6" | "any" => Ok(json!(text)),
        _ => match text.parse::<u8>() {
            Ok(number) => Ok(json!(number)),
            Err(_) => Err(WrongRule::Protocol(text.to_owned())),
        },
    }
}

fn port(text: &str) -> Result<Value, WrongRule> {
    let wrong = || WrongRule::Port(text.to_owned());
    let number = |text: &str| match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(wrong()),
    };
    let Some((first, last)) = text.split_once('-') else {
        return number(text).map(Value::from);
    };
    if number(first)? > number(last)? {
        return Err(wrong());
    }
    Ok(json!(text))
}

/// Whether host bits are set is judged by peerd, which shows the right form.
fn prefix(text: &str) -> Result<Value, WrongRule> {
    match text.parse::<IpNet>() {
        Ok(_) => Ok(json!(text)),
        Err(_) => Err(WrongRule::Prefix(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_what_the_table_would_say() {
        for (text, expected) in [
            ("any", json!({ "protocol": "any" })),
            ("47", json!({ "protocol": 47 })),
            (
                "icmp from fd00::/48",
                json!({ "protocol": "icmp", "from": ["fd00::/48"] }),
            ),
            (
                "tcp:443,8000-8999 from 10.2.0.0/16 to 10.1.9.0/24,10.1.8.0/24",
                json!({
                    "protocol": "tcp",
                    "ports": [443, "8000-8999"],
                    "from": ["10.2.0.0/16"],
                    "to": ["10.1.9.0/24", "10.1.8.0/24"],
                }),
            ),
        ] {
            assert_eq!(*text.parse::<Rule>().unwrap().json(), expected);
        }
    }

    #[test]
    fn what_would_filter_something_else_is_refused() {
        for wrong in [
            "",
            "tcpp",
            "tcp:",
            "tcp:0",
            "tcp:65536",
            "tcp:9-8",
            "icmp:8",
            "any:1",
            "256",
            "tcp from",
            "tcp from x",
            "tcp via 10.0.0.0/8",
            "tcp from 10.0.0.0/8 from 10.0.0.0/8",
            "tcp from 10.0.0.0/8, 11.0.0.0/8",
        ] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }
}
