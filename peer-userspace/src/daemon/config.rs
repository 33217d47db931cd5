//! `peerd.yaml`: who may do what, and how much.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use peer_common::trie::MOST_MEMORY;
use serde::Deserialize;

use super::access::{Access, Who};
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
    /// Memory of the forwarding tables.
    pub table_memory: TableMemory,
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

/// Memory of the forwarding tables, in MiB. It is taken when the daemon starts, so that no
/// route fails for want of it later; what routes need of it, `peer_map_entries` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct TableMemory(u32);

impl Default for TableMemory {
    /// Enough for a million routes.
    fn default() -> Self {
        Self(64)
    }
}

impl TryFrom<u32> for TableMemory {
    type Error = String;

    fn try_from(mebibytes: u32) -> Result<Self, String> {
        (mebibytes.is_power_of_two() && mebibytes <= (MOST_MEMORY >> 20) as u32)
            .then_some(Self(mebibytes))
            .ok_or_else(|| {
                format!("tableMemory: {mebibytes} is none of 1, 2, 4 and so on to 256 MiB")
            })
    }
}

impl TableMemory {
    /// In bytes.
    pub const fn bytes(self) -> u32 {
        self.0 << 20
    }
}

/// Permissions of the file that would give a secret in it away, or the whole file into
/// other hands: that the group writes it, that others read or write it.
const LOOSE: u32 = 0o026;

impl Config {
    /// Read `path`; without one, [`Config::default`] if `standard` is not there.
    ///
    /// # Errors
    /// If the file is missing or wrong.
    pub fn read(path: Option<&Path>, standard: &Path) -> Result<Self> {
        let file = path.unwrap_or(standard);
        let mut opened = match File::open(file) {
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            opened => opened.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let mut text = String::new();
        let read = opened.read_to_string(&mut text);
        read.with_context(|| format!("cannot read {}", file.display()))?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config = Self::parse(&text).with_context(|| format!("{} is wrong", file.display()))?;
        let mode = opened.metadata()?.permissions().mode() & 0o777;
        if config.has_secrets() && mode & LOOSE != 0 {
            let file = file.display();
            bail!(
                "{file} has a secretKey, but others may get at it (mode {mode:04o}); run `chmod 640 {file}`"
            );
        }
        Ok(config)
    }

    fn has_secrets(&self) -> bool {
        let mut access = self.access.iter();
        access.any(|access| matches!(access.who, Who::Key(..)))
    }

    fn parse(text: &str) -> Result<Self> {
        // An error with the lines around it would put their secrets into the log.
        let options = serde_saphyr::options! { with_snippet: false };
        let config: Self = serde_saphyr::from_str_with_options(text, options)?;
        for namespace in config.access.iter().flat_map(|access| &access.namespaces) {
            let good = namespace == "*" || namespace.parse::<Name>().is_ok();
            ensure!(good, "access: `{namespace}` is no namespace");
        }
        for namespace in config.quotas.namespaces.keys() {
            let good = namespace.parse::<Name>().is_ok();
            ensure!(good, "quotas: `{namespace}` is no namespace");
        }
        let mut secrets = BTreeMap::new();
        for access in &config.access {
            if let Who::Key(key, secret) = &access.who {
                let first = secrets.insert(key, secret);
                let same = first.is_none_or(|first| first == secret);
                ensure!(
                    same,
                    "access: the accessKey {key} has two different secretKeys"
                );
            }
        }
        Ok(config)
    }
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
            "access: [{ token: a, accessKey: a, secretKey: b, namespaces: [a], role: viewer }]",
            "access: [{ user: a, secretKey: b, namespaces: [a], role: viewer }]",
            "access: [{ accessKey: a, namespaces: [a], role: viewer }]",
            "access: [{ secretKey: a, namespaces: [a], role: viewer }]",
            "access: [{ accessKey: a, secretKey: '', namespaces: [a], role: viewer }]",
            "access: [{ accessKey: a/b, secretKey: c, namespaces: [a], role: viewer }]",
            "access: [{ accessKey: '', secretKey: c, namespaces: [a], role: viewer }]",
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

    /// Two entries of one access key.
    fn twice(secrets: [&str; 2]) -> String {
        let [one, other] = secrets.map(|secret| {
            format!("{{ accessKey: AK, secretKey: {secret}, namespaces: [a], role: viewer }}")
        });
        format!("access: [{one}, {other}]")
    }

    #[test]
    fn an_access_key_has_one_secret_and_no_error_tells_it() {
        let config = Config::parse(&twice(["Hush", "Hush"])).unwrap();
        assert_eq!(config.access[0].who, config.access[1].who);
        assert!(!format!("{config:?}").contains("Hush"), "{config:?}");
        let mut errors = vec![Config::parse(&twice(["Hush", "Hush2"])).unwrap_err()];
        assert!(
            errors[0]
                .to_string()
                .contains("AK has two different secretKeys")
        );
        for (from, to) in [
            ("viewer", "root"),
            ("accessKey: AK", "accessKey: A/K"),
            ("accessKey: AK", "accesKey: AK"),
            ("accessKey: AK", "user: AK"),
            ("secretKey: Hush", "secretKey: [Hush]"),
            ("secretKey: Hush", "secretKey: { Hush: a }"),
            ("]", ""),
        ] {
            let wrong = twice(["Hush", "Hush"]).replace(from, to);
            errors.push(Config::parse(&wrong).unwrap_err());
        }
        for error in errors {
            assert!(!format!("{error:#}").contains("Hush"), "{error:#}");
            eprintln!("{error:#}");
        }
    }

    #[test]
    fn a_file_with_a_secret_is_taken_only_if_others_cannot_get_at_it() {
        let name = format!("peerd-config-{}.yaml", std::process::id());
        let file = std::env::temp_dir().join(name);
        let read = |text: &str, mode| {
            std::fs::write(&file, text).unwrap();
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&file, mode).unwrap();
            let read = Config::read(Some(&file), Path::new("/nowhere"));
            std::fs::remove_file(&file).unwrap();
            read.map(drop).map_err(|error| error.to_string())
        };
        let secret = twice(["Hush", "Hush"]);
        for mode in [0o600, 0o640, 0o400, 0o440] {
            assert_eq!(read(&secret, mode), Ok(()), "{mode:o}");
        }
        for mode in [0o644, 0o660, 0o604, 0o602] {
            let why = read(&secret, mode).unwrap_err();
            assert!(
                why.contains(&format!("(mode {mode:04o}); run `chmod 640 ")),
                "{why}"
            );
        }
        assert_eq!(read("markBit: 3", 0o666), Ok(()), "without one");
    }
}
