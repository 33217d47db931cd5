//! Kube-OVN: `Vpc` and `Subnet` of kubeovn.io/v1.

use serde_json::{Value as Json, json};

use super::{
    Findings,
    fields::Fields,
    standing::{Neighbour, Standing},
    translate::Translator,
    value::Value,
};
use crate::model::{Subnet, Vpc};

/// Reads the `spec` of a `Vpc`.
pub(super) fn read_vpc(_: &mut Fields<'_>, _: &mut Findings) -> Option<Vpc> {
    Some(Vpc::default())
}

/// Reads the `spec` of a `Subnet`.
pub(super) fn read_subnet(_: &Value<'_>, _: &mut Fields<'_>, _: &mut Findings) -> Option<Subnet> {
    None
}

/// Gives each VPC's network its subnets' prefixes.
pub(super) fn networks(_: &mut Translator<'_>) {}

/// Adds the consents that entries of `vpcPeerings` are.
pub(super) fn consents(_: &mut Translator<'_>) {}

/// `status` of a `Vpc`.
pub(super) fn status(_: &[Standing], _: &[Neighbour]) -> Json {
    json!({})
}
