//! Filters of lists.

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};

use super::{labels, refusal::Refusal};

/// What is asked of the objects of a list. Parameters that nobody knows are let be:
/// UpCloud's clients may know more than its API does here.
pub(super) struct Filter(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Filter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = Query::try_from_uri(&parts.uri);
        let Query(all) =
            query.map_err(|error| Refusal::attribute("INVALID_REQUEST", error.body_text()))?;
        Ok(Self(all))
    }
}

impl Filter {
    /// Whether an object with these labels has every label that is wanted.
    pub(super) fn has_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        self.values("label")
            .all(|wanted| labels::have(labels, wanted))
    }

    /// Whether `found` is what the parameter `name` wants, in whatever case.
    pub(super) fn wants(&self, name: &str, found: Option<&str>) -> bool {
        self.values(name)
            .all(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let all = self.0.iter().filter(move |(known, _)| known == name);
        all.map(|(_, value)| value.as_str())
    }
}
