//! `peerd.yaml`: who may do what, and how much.

use std::{fs, io, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::{dialect::AtlasWords, lifecycle::Quotas, model::Name};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// What callers may do; what several entries give one of them adds up.
    pub access: Vec<Access>,
    /// How much each namespace may have.
    pub quotas: Quotas,
    /// The bit of a packet's mark that is ours on this host.
    pub mark_bit: MarkBit,
    /// How the Atlas operator's documents are answered.
    pub atlas: Atlas,
}

/// How the Atlas operator's documents are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Atlas {
    /// In which words.
    pub status_words: AtlasWords,
}

/// A bit of the packet mark (`skb->mark`), which nobody else on the host may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct MarkBit(u32);

impl Default for MarkBit {
    /// Of the bits that known software claims, only Cilium claims this one, and it claims
    /// nearly all: AWS's CNI has 7, CNI's portmap 13, Kubernetes 14 and 15, Calico 16 to
    /// 31, Tailscale 16 to 23; administrators count from 0, and WireGuard's customary
    /// whole mark (0xca6c) and Istio's (0x539) lack it.
    fn default() -> Self {
        Self(12)
    }
}

impl TryFrom<u32> for MarkBit {
    type Error = String;

    fn try_from(bit: u32) -> Result<Self, String> {
        (bit < u32::BITS)
            .then_some(Self(bit))
            .ok_or_else(|| format!("markBit: {bit} is no bit of a 32-bit mark; bits are 0 to 31"))
    }
}

impl MarkBit {
    /// The mark that has this bit and no other.
    pub const fn mask(self) -> u32 {
        1 << self.0
    }
}

/// What one user, group or token may do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Access {
    /// Who.
    pub who: Who,
    /// In which namespaces; `*` for all.
    pub namespaces: Vec<String>,
    /// What.
    pub role: Role,
}

/// Who is given access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user of the host, by name or number.
    User(String),
    /// A group of the host, by name or number.
    Group(String),
    /// Whoever knows the token with this name and SHA-256.
    Token(String, [u8; 32]),
}

/// What one may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// And decide about peerings.
    Operator,
    /// And declare networks.
    Admin,
}

impl Config {
    /// Read `path`; without one, [`Config::default`] if `standard` is not there.
    ///
    /// # Errors
    /// If the file is missing or wrong.
    pub fn read(path: Option<&Path>, standard: &Path) -> Result<Self> {
        let file = path.unwrap_or(standard);
        let text = match fs::read_to_string(file) {
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        Self::parse(&text).with_context(|| format!("{} is wrong", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = serde_saphyr::from_str(text)?;
        for namespace in config.access.iter().flat_map(|access| &access.namespaces) {
            let good = namespace == "*" || namespace.parse::<Name>().is_ok();
            ensure!(good, "access: `{namespace}` is no namespace");
        }
        for namespace in config.quotas.namespaces.keys() {
            let good = namespace.parse::<Name>().is_ok();
            ensure!(good, "quotas: `{namespace}` is no namespace");
        }
        Ok(config)
    }
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    user: Option<String>,
    group: Option<String>,
    token: Option<String>,
    sha256: Option<String>,
    namespaces: Vec<String>,
    role: Role,
}

impl TryFrom<Entry> for Access {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let who = match (entry.user, entry.group, entry.token, entry.sha256) {
            (Some(user), None, None, None) => Who::User(user),
            (None, Some(group), None, None) => Who::Group(group),
            (None, None, Some(token), Some(hash)) => {
                let hash = read_hash(&hash)
                    .ok_or_else(|| format!("token {token}: sha256 is not 64 hexadecimal digits"))?;
                Who::Token(token, hash)
            }
            (None, None, Some(token), None) => {
                return Err(format!("token {token} has no sha256"));
            }
            _ => return Err("an entry names one user, one group, or one token with sha256".into()),
        };
        Ok(Self {
            who,
            namespaces: entry.namespaces,
            role: entry.role,
        })
    }
}

fn read_hash(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_one_user_one_group_or_one_token() {
        let hash = "ab".repeat(32);
        let config = Config::parse(&format!(
            "access:\n\
             - {{ user: alice, namespaces: [blue-team], role: operator }}\n\
             - {{ group: netops, namespaces: ['*'], role: viewer }}\n\
             - {{ token: ci, sha256: {hash}, namespaces: [a, b], role: admin }}\n\
             quotas:\n  default: {{ networks: 3 }}\n  namespaces: {{ a: {{ peerings: 1 }} }}\n"
        ))
        .unwrap();
        assert_eq!(config.access.len(), 3);
        assert_eq!(config.access[2].who, Who::Token("ci".into(), [0xab; 32]));
        let quota = config.quotas.of(&"a".parse().unwrap());
        assert_eq!(
            (quota.networks, quota.peerings, quota.prefixes),
            (3, 1, 20_000)
        );
        for bad in [
            "access: [{ namespaces: [a], role: viewer }]",
            "access: [{ user: a, group: b, namespaces: [a], role: viewer }]",
            "access: [{ token: a, namespaces: [a], role: viewer }]",
            "access: [{ token: a, sha256: zz, namespaces: [a], role: viewer }]",
            "access: [{ user: a, namespaces: [A], role: viewer }]",
            "access: [{ user: a, namespaces: [a], role: root }]",
            "acess: []",
            "markBit: 32",
            "markBit: -1",
            "markBit: [1, 2]",
        ] {
            assert!(Config::parse(bad).is_err(), "{bad}");
        }
    }
}
