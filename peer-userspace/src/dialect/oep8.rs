//! OnMetal's OEP-8: `NetworkPeeringRequest` and `Network` of
//! networking.api.onmetal.de/v1alpha1.
//!
//! Two requests that name each other's networks are two consents. Its `Network` says
//! nothing but a name: prefixes and ports are a native Network's, which has the OEP-8
//! one as its `source` or is of the same namespace and name.

use serde_json::{Value as Json, json};

use super::{
    Findings,
    fields::Fields,
    sources::{Meant, several},
    standing::{Neighbour, Standing},
    translate::{Translator, label},
};
use crate::{
    lifecycle::State,
    model::{
        Consent, DEFAULT_REQUEST_TTL, Foreign, Kind, ObjectRef, Origin, PeerRef, PeeringRequest,
        Source, Spec,
    },
};

/// Reads the `spec` of a `NetworkPeeringRequest`.
pub(super) fn read_request(
    id: &ObjectRef,
    fields: &mut Fields<'_>,
    findings: &mut Findings,
) -> Option<PeeringRequest> {
    let local = fields.required("localNetworkRef", findings);
    let local = local.and_then(|local| {
        let mut fields = local.fields(findings)?;
        let name = fields.required("name", findings)?;
        fields.unsupported(&local, findings);
        name.string(findings)
    });
    let remote = fields.required("remoteNetworkRef", findings);
    let remote = remote.and_then(|remote| {
        let mut fields = remote.fields(findings)?;
        let name = fields.required("name", findings);
        let namespace = fields.optional("namespace");
        fields.unsupported(&remote, findings);
        let name = name?.string(findings)?;
        let namespace = match namespace {
            Some(namespace) if !namespace.node.is_null() => namespace.string(findings)?,
            _ => "",
        };
        // To Kubernetes, empty is absent.
        let own = id.namespace.as_str();
        Some((if namespace.is_empty() { own } else { namespace }, name))
    });
    let (namespace, name) = remote?;
    Some(PeeringRequest {
        local: local?.to_owned(),
        remote_namespace: namespace.to_owned(),
        remote: name.to_owned(),
    })
}

/// What OEP-8 calls a network.
pub(super) fn source(namespace: &str, name: &str) -> Source {
    let (api_version, kind) = Kind::OnmetalNetwork.words();
    Source {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    }
}

/// Adds the consent that each request is.
pub(super) fn consents(translator: &mut Translator<'_>) {
    for foreign in translator.declared.foreign.values() {
        let Spec::PeeringRequest(request) = &foreign.spec else {
            continue;
        };
        let local = source(foreign.id.namespace.as_str(), &request.local);
        let remote = source(&request.remote_namespace, &request.remote);
        let (network, objection) = match translator.meant(&local) {
            Meant::One(network) => (network.name, None),
            Meant::Nobody => (
                label(&request.local),
                Some(format!(
                    "{local} has no prefixes and no ports: declare a peerd Network of that name \
                     or with that `source`"
                )),
            ),
            Meant::Several(count) => (label(&request.local), Some(several(count, &local))),
        };
        let (id, peer) = (foreign.id.clone(), PeerRef::Source(remote, None));
        translator.add(Consent {
            labels: foreign.labels.clone(),
            ttl: Some(DEFAULT_REQUEST_TTL),
            origin: Origin::Document(Kind::NetworkPeeringRequest, foreign.id.clone(), 0),
            objection,
            ..Consent::between(id, network, peer)
        });
    }
}

/// A request that another front-end made, as one of OEP-8's.
pub fn request(consent: &Consent, standing: &Standing) -> Foreign {
    let local = onmetal_name(&standing.network);
    let remote = match (&standing.peer, &consent.peer) {
        (Some(peer), _) => onmetal_name(peer),
        (None, PeerRef::Source(source, _)) => (
            source.namespace.clone().unwrap_or_default(),
            source.name.clone(),
        ),
        (None, PeerRef::Id(uid, _)) => (String::new(), uid.to_string()),
        (None, PeerRef::Network(peer)) => (peer.namespace.to_string(), peer.name.to_string()),
    };
    let (api_version, kind) = Kind::NetworkPeeringRequest.words();
    let mut remote_ref = json!({ "name": remote.1 });
    if !remote.0.is_empty() {
        remote_ref["namespace"] = json!(remote.0);
    }
    Foreign {
        id: consent.id.clone(),
        labels: consent.labels.clone(),
        document: json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": { "namespace": consent.id.namespace, "name": consent.id.name },
            "spec": { "localNetworkRef": { "name": local.1 }, "remoteNetworkRef": remote_ref },
        }),
        spec: Spec::PeeringRequest(PeeringRequest {
            local: local.1,
            remote_namespace: remote.0,
            remote: remote.1,
        }),
    }
}

/// Namespace and name that OEP-8 has for a network.
fn onmetal_name(network: &Neighbour) -> (String, String) {
    let words = Kind::OnmetalNetwork.words();
    let is_onmetals = |source: &&Source| (&*source.api_version, &*source.kind) == words;
    match network.source.as_ref().filter(is_onmetals) {
        Some(source) => (
            source.namespace.clone().unwrap_or_default(),
            source.name.clone(),
        ),
        None => (
            network.id.namespace.to_string(),
            network.id.name.to_string(),
        ),
    }
}

/// `status` of a request; none once it is collected.
pub(super) fn request_status(standing: Option<&Standing>) -> Option<Json> {
    let Some(standing) = standing else {
        return Some(json!({ "state": "pending" }));
    };
    let (state, shows_ttl) = match standing.state {
        State::Deleted | State::Expired => return None,
        // They wait for nobody, so that no time ends them.
        State::Disabled | State::PeerDisabled => ("pending", false),
        State::Pending | State::Provisioning => ("pending", true),
        State::Rejected | State::Failed | State::Conflict => ("failed", true),
        State::Active => ("success", true),
    };
    let mut status = json!({ "state": state, "message": standing.reason });
    if let Some(deadline) = standing.deadline.as_ref().filter(|_| shows_ttl) {
        status["ttl"] = json!(deadline);
    }
    Some(status)
}

/// `status` of a network.
pub(super) fn network_status(peered: &[Neighbour]) -> Json {
    let peered = peered.iter().map(|network| {
        let (namespace, name) = onmetal_name(network);
        json!({ "name": name, "namespace": namespace })
    });
    json!({ "peeredNetworks": peered.collect::<Vec<_>>() })
}
