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

impl Source {
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
