//! `source`: what another system calls a network.

use super::{Findings, value::Value};
use crate::model::{Kind, ObjectRef, Source};

/// Reads `spec.source` of the network `id`.
pub(super) fn read(
    value: &Value<'_>,
    id: Option<&ObjectRef>,
    findings: &mut Findings,
) -> Option<Source> {
    let mut source = read_named(value, findings)?;
    if !source.is_owned() {
        return Some(source);
    }
    let own = id?.namespace.as_str();
    if source.namespace.get_or_insert_with(|| own.to_owned()) != own {
        let text = format!(
            "{source} is not in namespace {own}: a Network can only stand for what its own \
             namespace has"
        );
        value.error(text, findings);
        return None;
    }
    Some(source)
}

/// Reads a `source` as it stands.
pub(super) fn read_named(value: &Value<'_>, findings: &mut Findings) -> Option<Source> {
    let mut fields = value.fields(findings)?;
    let mut text = |name, findings: &mut Findings| {
        let value = fields.required(name, findings)?;
        value.text("a string", findings).map(str::to_owned)
    };
    let api_version = text("apiVersion", findings);
    let kind = text("kind", findings);
    let name = text("name", findings);
    let namespace = match fields.optional("namespace") {
        Some(namespace) => namespace
            .text("a string", findings)
            .map(|namespace| Some(namespace.to_owned())),
        None => Some(None),
    };
    fields.finish(&[], findings);
    let source = Source {
        api_version: api_version?,
        kind: kind?,
        namespace: namespace?,
        name: name?,
    };
    let words = (source.api_version.as_str(), source.kind.as_str());
    let cluster_wide = Kind::of(words).is_some_and(|kind| !kind.is_namespaced());
    if cluster_wide && source.namespace.is_some() {
        let text = format!("{} has no namespaces; remove this one", source.kind);
        value.error(text, findings);
        return None;
    }
    Some(source)
}
