//! What other systems call a network.

use std::fmt;

use super::{Name, ObjectRef};

/// `source` of a network: an object of another system's, which stands for it there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `namespace`; none where the other system has none for it.
    pub namespace: Option<String>,
    /// `name`.
    pub name: String,
}

/// Kinds of objects that are in their owner's namespace, and stand for it alone.
const OWNED: [&str; 4] = [
    "Network",
    "NetworkPeeringRequest",
    "AtlasProject",
    "AtlasNetworkContainer",
];

impl Source {
    /// Whether it is in a namespace of ours, so that whoever has that says what stands for
    /// it. Other names, as a VPC's of the whole cluster or one in an account elsewhere, are
    /// nobody's here.
    pub fn is_owned(&self) -> bool {
        OWNED.contains(&self.kind.as_str())
    }

    /// The network of the very same namespace and name, which is meant where none says
    /// that it is this one's.
    pub fn namesake(&self) -> Option<ObjectRef> {
        let namespace = match &self.namespace {
            Some(namespace) => namespace.parse().ok()?,
            None => Name::default_namespace(),
        };
        let name = self.name.parse().ok()?;
        Some(ObjectRef { namespace, name })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}
