//! Documents of other systems: what they all have in common.
//!
//! Owns their metadata, and what is said about fields that peerd makes nothing of.
//! What each kind says is read in its system's own file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    Findings, atlas, fields::Fields, json::json, kube_ovn_read, oep8, outscale, value::Value,
};
use crate::model::{Foreign, Kind, Name, ObjectRef, Spec};

/// Reads a document of `kind`, whose `apiVersion` and `kind` were read already.
pub(super) fn read(
    kind: Kind,
    object: &Value<'_>,
    mut fields: Fields<'_>,
    findings: &mut Findings,
) -> Option<Foreign> {
    let metadata = fields.required("metadata", findings);
    let metadata = metadata.and_then(|metadata| read_metadata(kind, &metadata, findings));
    let spec = fields.optional("spec");
    fields.optional("status");
    fields.unsupported(object, findings);
    let (id, labels) = metadata?;
    let mut fields = match &spec {
        Some(spec) => Some(spec.fields(findings)?),
        None => None,
    };
    let spec = match kind {
        Kind::NetworkPeeringRequest => {
            let (_, fields) = required(object, &spec, &mut fields, findings)?;
            Spec::PeeringRequest(oep8::read_request(&id, fields, findings)?)
        }
        Kind::OnmetalNetwork => Spec::OnmetalNetwork,
        Kind::Vpc => Spec::Vpc(match fields.as_mut() {
            Some(fields) => kube_ovn_read::vpc(fields, findings)?,
            None => Default::default(),
        }),
        Kind::Subnet => {
            let (spec, fields) = required(object, &spec, &mut fields, findings)?;
            Spec::Subnet(kube_ovn_read::subnet(spec, fields, findings)?)
        }
        Kind::AtlasProject => Spec::AtlasProject(match fields.as_mut() {
            Some(fields) => atlas::read_project(fields, findings)?,
            None => Default::default(),
        }),
        Kind::Net => {
            let (_, fields) = required(object, &spec, &mut fields, findings)?;
            Spec::Net(outscale::read_net(&id, fields, findings)?)
        }
        // Read elsewhere.
        Kind::Network | Kind::Peering => return None,
    };
    if let (Some(fields), Some(value)) = (fields, object.field("spec")) {
        fields.unsupported(&value, findings);
    }
    let mut document = json(object.node);
    if let Json::Object(document) = &mut document {
        document.remove("status");
    }
    // Said or not, it is the same object, also when it is read again with all that answers
    // have.
    if kind.is_namespaced() {
        document["metadata"]["namespace"] = id.namespace.as_str().into();
    }
    Some(Foreign {
        id,
        labels,
        document,
        spec,
    })
}

/// The spec of a kind that says nothing without one.
fn required<'s, 'a>(
    object: &Value<'a>,
    spec: &'s Option<Value<'a>>,
    fields: &'s mut Option<Fields<'a>>,
    findings: &mut Findings,
) -> Option<(&'s Value<'a>, &'s mut Fields<'a>)> {
    let read = spec.as_ref().zip(fields.as_mut());
    if read.is_none() {
        object.error("spec: missing", findings);
    }
    read
}

/// Names and labels; all else is Kubernetes' own.
fn read_metadata(
    kind: Kind,
    value: &Value<'_>,
    findings: &mut Findings,
) -> Option<(ObjectRef, BTreeMap<String, String>)> {
    let mut fields = value.fields(findings)?;
    let namespace = match fields.optional("namespace") {
        Some(namespace) if kind.is_namespaced() => namespace.name(findings),
        Some(namespace) => {
            let text = format!("has no effect: a {kind} is in no namespace");
            namespace.warning(text, findings);
            Some(Name::default_namespace())
        }
        None => Some(Name::default_namespace()),
    };
    let name = fields
        .required("name", findings)
        .and_then(|name| name.name(findings));
    let labels = match fields.optional("labels") {
        Some(labels) => {
            let labels = labels.fields(findings)?;
            let read = labels.all().map(|(key, value)| {
                let text = value.text("a string", findings)?;
                Some((key.to_owned(), text.to_owned()))
            });
            read.collect::<Option<_>>()
        }
        None => Some(BTreeMap::new()),
    };
    let id = ObjectRef {
        namespace: namespace?,
        name: name?,
    };
    Some((id, labels?))
}
