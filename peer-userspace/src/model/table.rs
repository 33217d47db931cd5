//! The peering table: every object declared at one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::{Consent, Network, ObjectRef};

/// The native kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `kind: Network`.
    Network,
    /// `kind: Peering`.
    Peering,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "Network",
            Self::Peering => "Peering",
        })
    }
}

/// All declared objects by name; the order of documents leaves no trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Networks by `NAMESPACE/NAME`.
    pub networks: BTreeMap<ObjectRef, Network>,
    /// Consents by `NAMESPACE/NAME`.
    pub consents: BTreeMap<ObjectRef, Consent>,
}

impl Table {
    /// The host interfaces that any network names as a port.
    pub fn interfaces(&self) -> BTreeSet<&str> {
        let ports = self.networks.values().flat_map(|network| &network.ports);
        ports.map(|port| port.interface.as_str()).collect()
    }
}
