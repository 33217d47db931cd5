//! How arguments name things: `[NAMESPACE/]NAME`, a peering, a state.
//!
//! Must not ask peerd; which consent a peering's label means is `resolve`'s.

use std::{fmt, str::FromStr};

use clap::{ValueEnum, builder::PossibleValue};
use serde_json::Value;

use crate::{
    lifecycle::State,
    model::{Name, ObjectRef, PairLabel},
};

/// Why a text is no name.
pub(super) type NotALabel = <Name as FromStr>::Err;

/// `-n`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Namespace {
    /// The namespace, and that of names without one [default: default]
    #[arg(short, long)]
    pub(super) namespace: Option<Name>,
}

impl Namespace {
    /// The namespace meant.
    pub(super) fn or_default(&self) -> Name {
        self.namespace
            .clone()
            .unwrap_or_else(Name::default_namespace)
    }
}

/// `[NAMESPACE/]NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As written, if it was.
    pub(super) namespace: Option<Name>,
    /// The object's own name.
    pub(super) name: Name,
}

impl Named {
    /// The object meant, where `namespace` is the one of names without one.
    pub(super) fn within(&self, namespace: &Namespace) -> ObjectRef {
        ObjectRef {
            namespace: self
                .namespace
                .clone()
                .unwrap_or_else(|| namespace.or_default()),
            name: self.name.clone(),
        }
    }
}

impl FromStr for Named {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace.parse()?), name),
            None => (None, text),
        };
        Ok(Self {
            namespace,
            name: name.parse()?,
        })
    }
}

/// `PEERING`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PeeringRef {
    /// A consent, by its name.
    Consent(Named),
    /// A pair of networks, by its label.
    Label(String),
    /// A consent, by its uid.
    Uid(String),
}

/// Why a text names no peering.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` names no peering: write a consent's [NAMESPACE/]NAME, the peering's label NAMESPACE/NETWORK--NAMESPACE/NETWORK, or a consent's uid"
)]
pub(super) struct NotAPeering(String);

impl FromStr for PeeringRef {
    type Err = NotAPeering;

    fn from_str(text: &str) -> Result<Self, NotAPeering> {
        let wrong = || NotAPeering(text.to_owned());
        match text.matches('/').count() {
            0 if is_uuid(text) => Ok(Self::Uid(text.to_owned())),
            0 | 1 => text.parse().map(Self::Consent).map_err(|_| wrong()),
            _ => label(text).map(Self::Label).ok_or_else(wrong),
        }
    }
}

impl fmt::Display for PeeringRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consent(Named { namespace, name }) => match namespace {
                Some(namespace) => write!(f, "{namespace}/{name}"),
                None => name.fmt(f),
            },
            Self::Label(text) | Self::Uid(text) => f.write_str(text),
        }
    }
}

/// A pair's label, the smaller network first.
fn label(text: &str) -> Option<String> {
    // Names may hold `--` themselves, so there may be several ways to read it.
    let mut readings = text.match_indices("--").filter_map(|(at, dashes)| {
        let (one, other) = (&text[..at], &text[at + dashes.len()..]);
        if !(one.contains('/') && other.contains('/')) {
            return None;
        }
        let (one, other) = (one.parse().ok()?, other.parse().ok()?);
        Some(PairLabel::of(&one, &other).to_string())
    });
    let first = readings.next()?;
    match readings.next() {
        Some(_) => Some(text.to_owned()),
        None => Some(first),
    }
}

/// Whether a text is a UUID in its usual form (RFC 9562 section 4).
pub(super) fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    let hexadecimal = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(hexadecimal)
}

impl ValueEnum for State {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// The state of a consent; `None` for those of a newer peerd.
pub(super) fn state_of(consent: &Value) -> Option<State> {
    let name = consent["status"]["state"].as_str()?;
    <State as ValueEnum>::from_str(name, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peering(text: &str) -> PeeringRef {
        text.parse().unwrap()
    }

    #[test]
    fn a_peering_is_a_name_a_label_or_a_uid() {
        let uid = "0b8ba0d7-6f3c-4f0e-9d52-0d8a4f6c1b11";
        assert_eq!(peering(uid), PeeringRef::Uid(uid.to_owned()));
        let named = |namespace: Option<&str>, name: &str| {
            PeeringRef::Consent(Named {
                namespace: namespace.map(|name| name.parse().unwrap()),
                name: name.parse().unwrap(),
            })
        };
        assert_eq!(peering("to-green"), named(None, "to-green"));
        assert_eq!(peering("a/to--green"), named(Some("a"), "to--green"));
        // A name that looks like a uid can be said with its namespace.
        assert_eq!(peering(&format!("a/{uid}")), named(Some("a"), uid));
        for wrong in ["", "A", "a/", "a/b/c", "a/b--c/d/e", "/a--b/c"] {
            assert!(wrong.parse::<PeeringRef>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_two_networks_of_a_label_may_come_in_either_order() {
        let label = PeeringRef::Label("a/x--b/y".to_owned());
        assert_eq!(peering("a/x--b/y"), label);
        assert_eq!(peering("b/y--a/x"), label);
        // Which `--` is the middle cannot be told: left as written.
        let text = "b/y--c--a/x";
        assert_eq!(peering(text), PeeringRef::Label(text.to_owned()));
    }
}
