//! What there is to get and to delete, by the words of users: our own, and those that
//! other systems' tools have for their kinds.
//!
//! Must not ask peerd.

use std::sync::LazyLock;

use clap::{ValueEnum, builder::PossibleValue};

use super::{
    Failure,
    names::{Named, Namespace},
    url::Url,
};
use crate::model::{Kind, Name, ObjectRef};

/// What there is to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// Objects, which have names.
    Objects(Kind),
    Routes,
    Ports,
    Neighbours,
    Drops,
}

static ALL: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_written());
    let others = [
        Listed::Routes,
        Listed::Ports,
        Listed::Neighbours,
        Listed::Drops,
    ];
    kinds.map(Listed::Objects).chain(others).collect()
});

impl Listed {
    /// As users and paths have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Objects(kind) => kind.plural(),
            Self::Routes => "routes",
            Self::Ports => "ports",
            Self::Neighbours => "neighbours",
            Self::Drops => "drops",
        }
    }

    /// What else it may be called: one of it, the short names that its system's own
    /// definition has, and as kubectl has it where several systems share a word.
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Objects(kind) => match kind {
                Kind::Network => &["network"],
                Kind::Peering => &["peering"],
                Kind::NetworkPeeringRequest => &[
                    "networkpeeringrequest",
                    "npr",
                    "networkpeeringrequests.networking.api.onmetal.de",
                    "networkpeeringrequest.networking.api.onmetal.de",
                ],
                Kind::OnmetalNetwork => &["network.networking.api.onmetal.de"],
                Kind::Vpc => &["vpc", "vpcs.kubeovn.io", "vpc.kubeovn.io"],
                Kind::Subnet => &["subnet", "subnets.kubeovn.io", "subnet.kubeovn.io"],
                Kind::AtlasProject => &[
                    "atlasproject",
                    "ap",
                    "atlasprojects.atlas.mongodb.com",
                    "atlasproject.atlas.mongodb.com",
                ],
                Kind::Net => &[],
            },
            Self::Routes => &["route"],
            Self::Ports => &["port"],
            Self::Neighbours => &["neighbour"],
            Self::Drops => &["drop"],
        }
    }
}

impl ValueEnum for Listed {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).aliases(self.aliases()))
    }
}

/// The kind of objects that a word means.
pub(super) fn kind(word: &str) -> Result<Kind, Failure> {
    match Listed::from_str(word, true) {
        Ok(Listed::Objects(kind)) => Ok(kind),
        _ => {
            let kinds = ALL.iter().filter_map(|listed| match listed {
                Listed::Objects(kind) => Some(kind.plural()),
                _ => None,
            });
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!(
                "`{word}` is no kind of objects; the kinds are {kinds}"
            )))
        }
    }
}

/// The kind that peerd calls so in sentences and changes.
pub(super) fn called(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.to_string() == word)
}

/// The object of a kind that a name means.
pub(super) fn named(kind: Kind, name: &str, namespace: &Namespace) -> Result<ObjectRef, Failure> {
    let named: Named = name
        .parse()
        .map_err(|error| Failure::Usage(format!("{error}")))?;
    let id = named.within(namespace);
    refuse_namespace(kind, &id.namespace)?;
    Ok(id)
}

/// Refuse to look for what is in no namespace in one.
pub(super) fn refuse_namespace(kind: Kind, namespace: &Name) -> Result<(), Failure> {
    // The one that paths have for it.
    if kind.is_namespaced() || *namespace == Name::default_namespace() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "a {kind} is in no namespace; leave {namespace} out"
    )))
}

/// Where the objects of a kind are.
pub(super) fn list_url(kind: Kind) -> Url {
    let plural = kind.plural();
    if kind.is_foreign() {
        Url::of(&["foreign", plural])
    } else {
        Url::of(&[plural])
    }
}

/// Where an object is.
pub(super) fn url(kind: Kind, ObjectRef { namespace, name }: &ObjectRef) -> Url {
    let (plural, namespace, name) = (kind.plural(), namespace.as_str(), name.as_str());
    if kind.is_foreign() {
        Url::of(&["foreign", plural, namespace, name])
    } else {
        Url::of(&[plural, namespace, name])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> Option<Listed> {
        Listed::from_str(word, true).ok()
    }

    #[test]
    fn a_kind_is_known_by_what_kubectl_calls_it() {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_written()) {
            let (version, singular) = kind.words();
            let group = version.split_once('/').unwrap().0;
            let meant = Some(Listed::Objects(kind));
            assert_eq!(word(kind.plural()), meant);
            if kind.is_foreign() {
                assert_eq!(word(&format!("{singular}.{group}")), meant, "{kind}");
                let plural = kind.plural().split('.').next().unwrap();
                assert_eq!(word(&format!("{plural}.{group}")), meant, "{kind}");
            }
            if kind != Kind::OnmetalNetwork {
                assert_eq!(word(singular), meant, "{kind}");
            }
        }
        for (short, kind) in [
            ("npr", Kind::NetworkPeeringRequest),
            ("ap", Kind::AtlasProject),
        ] {
            assert_eq!(word(short), Some(Listed::Objects(kind)));
        }
        assert_eq!(word("nets"), None, "nobody writes them");
    }

    #[test]
    fn no_word_means_two_things() {
        let words = ALL.iter().flat_map(|listed| {
            let aliases = listed.aliases().iter().copied();
            aliases.chain([listed.name()])
        });
        let mut words: Vec<_> = words.collect();
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn what_is_in_no_namespace_is_found_without_one() {
        let none = Namespace::default();
        let id = named(Kind::Vpc, "vpc-1", &none).unwrap();
        let found = url(Kind::Vpc, &id).to_string();
        assert_eq!(found, "/v1/foreign/vpcs/default/vpc-1");
        let other = Namespace {
            namespace: "a".parse().ok(),
        };
        assert!(matches!(
            named(Kind::Vpc, "vpc-1", &other),
            Err(Failure::Usage(_))
        ));
        assert!(named(Kind::Subnet, "a/net1", &none).is_err());
        let id = named(Kind::AtlasProject, "p", &other).unwrap();
        let found = url(Kind::AtlasProject, &id).to_string();
        assert_eq!(found, "/v1/foreign/atlasprojects/a/p");
    }
}
