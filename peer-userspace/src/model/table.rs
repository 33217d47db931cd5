//! The peering table: every object declared at one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Consent, Foreign, Kind, Network, ObjectRef};

/// All declared objects by name; the order of documents leaves no trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Networks by `NAMESPACE/NAME`.
    pub networks: BTreeMap<ObjectRef, Network>,
    /// Consents by `NAMESPACE/NAME`.
    pub consents: BTreeMap<ObjectRef, Consent>,
    /// Documents of other systems by kind and name.
    pub foreign: BTreeMap<(Kind, ObjectRef), Arc<Foreign>>,
}

impl Table {
    /// The host interfaces that any network names as a port.
    pub fn interfaces(&self) -> BTreeSet<&str> {
        let ports = self.networks.values().flat_map(|network| &network.ports);
        ports.map(|port| port.interface.as_str()).collect()
    }
}
