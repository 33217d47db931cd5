//! The peering table: every object declared at one moment.

use std::collections::BTreeMap;

use super::{Consent, Network, ObjectRef};

/// All declared objects by name; the order of documents leaves no trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Networks by `NAMESPACE/NAME`.
    pub networks: BTreeMap<ObjectRef, Network>,
    /// Consents by `NAMESPACE/NAME`.
    pub consents: BTreeMap<ObjectRef, Consent>,
}
