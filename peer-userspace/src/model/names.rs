//! Names of objects and of pairs.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// A DNS label (RFC 1123 section 2.1): 1 to 63 of `a-z`, `0-9` and `-`, neither
/// starting nor ending with `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The namespace of documents that name none.
    pub fn default_namespace() -> Self {
        Self("default".to_owned())
    }

    /// The name of what has none that could be one.
    pub fn unnamed() -> Self {
        Self("unnamed".to_owned())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a [`Name`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a DNS label: use 1 to 63 of a-z, 0-9 and -, starting and ending with a letter or digit"
)]
pub struct NotALabel(String);

impl FromStr for Name {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (1..=63).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotALabel(text.to_owned()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `NAMESPACE/NAME` of a network or of a consent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The owner.
    pub namespace: Name,
    /// The object's own name.
    pub name: Name,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for ObjectRef {
    type Err = NotALabel;

    /// Reads `NAMESPACE/NAME`, or `NAME` in the default namespace.
    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (namespace.parse()?, name),
            None => (Name::default_namespace(), text),
        };
        Ok(Self {
            namespace,
            name: name.parse()?,
        })
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The two networks of a peering, the smaller label first. Both may be the same
/// network only while a self-peering waits to be refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairLabel {
    smaller: ObjectRef,
    larger: ObjectRef,
}

impl PairLabel {
    /// The pair of two networks, in either order.
    pub fn of(one: &ObjectRef, other: &ObjectRef) -> Self {
        // The label is compared as it is written: `a-b/c` sorts before `a/c`
        // in text, after it by parts.
        let (smaller, larger) = if one.to_string() <= other.to_string() {
            (one, other)
        } else {
            (other, one)
        };
        Self {
            smaller: smaller.clone(),
            larger: larger.clone(),
        }
    }

    /// Smaller and larger network.
    pub fn networks(&self) -> (&ObjectRef, &ObjectRef) {
        (&self.smaller, &self.larger)
    }

    /// The network at the other end from `network`.
    pub fn other(&self, network: &ObjectRef) -> &ObjectRef {
        if network == &self.smaller {
            &self.larger
        } else {
            &self.smaller
        }
    }
}

impl fmt::Display for PairLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}--{}", self.smaller, self.larger)
    }
}

impl Serialize for PairLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for good in ["a", "blue-team", "0", &"x".repeat(63)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", &"x".repeat(64)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pairs_label_does_not_depend_on_who_is_named_first() {
        let blue: ObjectRef = "t/blue".parse().unwrap();
        let green: ObjectRef = "t/green".parse().unwrap();
        assert_eq!(PairLabel::of(&blue, &green), PairLabel::of(&green, &blue));
        assert_eq!(PairLabel::of(&green, &blue).to_string(), "t/blue--t/green");
        assert_eq!(PairLabel::of(&blue, &green).other(&blue), &green);
    }
}
