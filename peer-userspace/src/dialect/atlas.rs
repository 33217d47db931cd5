//! The MongoDB Atlas operator: `AtlasProject` of atlas.mongodb.com/v1.

use serde_json::{Value as Json, json};

use super::{
    Findings,
    fields::Fields,
    standing::{AtlasWords, Standing},
    translate::Translator,
};
use crate::model::AtlasProject;

/// Reads the `spec` of an `AtlasProject`.
pub(super) fn read_project(_: &mut Fields<'_>, _: &mut Findings) -> Option<AtlasProject> {
    Some(AtlasProject::default())
}

/// Gives each container's network its prefix.
pub(super) fn networks(_: &mut Translator<'_>) {}

/// Adds the consents that entries of `networkPeers` are.
pub(super) fn consents(_: &mut Translator<'_>) {}

/// `status` of an `AtlasProject`.
pub(super) fn status(_: &AtlasProject, _: &[Standing], _: AtlasWords) -> Json {
    json!({})
}
