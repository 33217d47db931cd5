//! What documents look like, for the description of the API. The reading is
//! `dialect`'s; a test holds the two together.
#![expect(dead_code, reason = "described, never made")]

use std::collections::BTreeMap;

#[cfg(test)]
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The object that the path names.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Place {
    /// The owner.
    #[param(max_length = 63, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    namespace: String,
    /// The object's name.
    #[param(max_length = 63, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    name: String,
}

/// A network to be declared.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
#[schema(rename_all = "camelCase")]
pub(super) struct Network {
    #[schema(pattern = "^peerd/v1$")]
    #[cfg_attr(test, serde(rename = "apiVersion"))]
    api_version: String,
    #[schema(pattern = "^Network$")]
    kind: String,
    metadata: ObjectMeta,
    spec: NetworkSpec,
}

/// A consent to be declared.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
#[schema(rename_all = "camelCase")]
pub(super) struct Peering {
    #[schema(pattern = "^peerd/v1$")]
    #[cfg_attr(test, serde(rename = "apiVersion"))]
    api_version: String,
    #[schema(pattern = "^Peering$")]
    kind: String,
    metadata: ObjectMeta,
    spec: PeeringSpec,
}

/// Whose an object is, and its name.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
struct ObjectMeta {
    /// The owner; `default` by default.
    #[schema(
        nullable = false,
        max_length = 63,
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    )]
    namespace: Option<String>,
    #[schema(max_length = 63, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    name: String,
    #[schema(nullable = false)]
    labels: Option<BTreeMap<String, String>>,
}

/// docs/table.md has the meaning of every field.
#[derive(ToSchema)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "camelCase")
)]
#[schema(rename_all = "camelCase")]
struct NetworkSpec {
    #[schema(nullable = false, min_length = 1)]
    zone: Option<String>,
    /// What another system calls this network.
    #[schema(nullable = false)]
    source: Option<Source>,
    /// Required, but where the `source` says them.
    #[schema(nullable = false, min_items = 1, example = json!(["10.1.0.0/16", "fd00:1::/48"]))]
    prefixes: Option<Vec<String>>,
    #[schema(nullable = false)]
    ports: Option<Vec<PortSpec>>,
    #[schema(nullable = false, pattern = "^(auto|manual)$")]
    routes: Option<String>,
    #[schema(nullable = false)]
    static_routes: Option<Vec<StaticRoute>>,
    #[schema(nullable = false, pattern = "^(pass|drop|reject)$")]
    unmanaged: Option<String>,
    #[schema(nullable = false)]
    auto_accept: Option<Vec<String>>,
}

/// An object of another system's that stands for a network there.
#[derive(ToSchema)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "camelCase")
)]
#[schema(rename_all = "camelCase")]
struct Source {
    #[schema(example = "networking.api.onmetal.de/v1alpha1")]
    api_version: String,
    #[schema(example = "Network")]
    kind: String,
    /// None where the other system has none for it.
    #[schema(nullable = false)]
    namespace: Option<String>,
    name: String,
}

/// A host interface that faces the network.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
struct PortSpec {
    #[schema(min_length = 1, max_length = 15)]
    interface: String,
    #[schema(nullable = false, minimum = 1, maximum = 4094)]
    vlan: Option<u16>,
    #[schema(nullable = false, minimum = 1, maximum = 4094)]
    outer: Option<u16>,
    #[schema(nullable = false)]
    address: Option<Vec<String>>,
    #[schema(nullable = false)]
    prefixes: Option<Vec<String>>,
    #[schema(nullable = false)]
    via: Option<Vec<String>>,
    #[schema(nullable = false, pattern = "^(auto|xdp|xdp-generic|tc)$")]
    mode: Option<String>,
}

/// With `routes: manual`, a route to a peer.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
struct StaticRoute {
    to: String,
    peering: String,
}

/// docs/table.md has the meaning of every field.
#[derive(ToSchema)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "camelCase")
)]
#[schema(rename_all = "camelCase")]
struct PeeringSpec {
    /// What people call it.
    #[schema(nullable = false, min_length = 1, max_length = 255)]
    description: Option<String>,
    #[schema(max_length = 63, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    network: String,
    peer: Peer,
    #[schema(nullable = false, pattern = "^(up|down)$")]
    admin_state: Option<String>,
    #[schema(nullable = false)]
    export: Option<Vec<String>>,
    /// Which of what the peer exports is routed; by default what the network's `routes` says.
    #[schema(nullable = false)]
    routes: Option<Vec<String>>,
    #[schema(nullable = false)]
    allow: Option<Vec<Rule>>,
    #[schema(nullable = false)]
    allow_out: Option<Vec<Rule>>,
    #[schema(nullable = false, pattern = "^([0-9]{1,9}[dhms]|never)$")]
    ttl: Option<String>,
    #[schema(nullable = false, minimum = 1, maximum = 2)]
    hops: Option<u8>,
}

/// The other network: by its name, by its uid, or by what another system calls it.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
struct Peer {
    /// By default the consent's own.
    #[schema(
        nullable = false,
        max_length = 63,
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    )]
    namespace: Option<String>,
    #[schema(
        nullable = false,
        max_length = 63,
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    )]
    network: Option<String>,
    #[schema(nullable = false, format = "uuid")]
    id: Option<String>,
    #[schema(nullable = false)]
    source: Option<Source>,
}

/// What may be opened.
#[derive(ToSchema)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
pub(super) struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `any`, or a number.
    #[schema(value_type = Value, example = "tcp")]
    protocol: serde_json::Value,
    /// Destination ports and ranges of them, `443` and `8000-8999`.
    #[schema(nullable = false, value_type = Vec<Value>)]
    ports: Option<Vec<serde_json::Value>>,
    #[schema(nullable = false)]
    from: Option<Vec<String>>,
    #[schema(nullable = false)]
    to: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{parse, write};

    const EVERYTHING: &str = "\
apiVersion: peerd/v1
kind: Network
metadata: { namespace: a, name: b, labels: { c: d } }
spec:
  zone: z
  source: { apiVersion: v/v1, kind: K, namespace: n, name: m }
  prefixes: [10.1.0.0/16]
  ports:
  - { interface: eth0, vlan: 10, outer: 100, address: [10.1.7.1/24], prefixes: [10.1.7.0/24], via: [10.1.7.254], mode: tc }
  routes: manual
  staticRoutes: [{ to: 10.2.0.0/16, peering: p }]
  unmanaged: drop
  autoAccept: [a]
---
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: a, name: p }
spec:
  description: x y
  network: b
  peer: { namespace: x, network: y }
  adminState: down
  export: [10.1.0.0/17]
  routes: [10.2.0.0/17]
  allow: [{ protocol: tcp, ports: [443, \"8000-8999\"], from: [10.2.0.0/16], to: [10.1.9.0/24] }]
  allowOut: []
  ttl: 7d
---
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: a, name: q }
spec: { network: b, peer: { source: { apiVersion: v/v1, kind: K, name: m } } }
---
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: a, name: r }
spec: { network: b, peer: { id: 5f1c9a52-0a6b-4b5e-8a5f-000000000001 } }
";

    #[test]
    fn what_is_written_is_what_is_described() {
        let declared = parse(EVERYTHING).unwrap();
        for (network, _) in &declared.networks {
            serde_json::from_value::<Network>(write::network(network)).unwrap();
        }
        for (consent, _) in &declared.consents {
            serde_json::from_value::<Peering>(write::consent(consent)).unwrap();
        }
    }
}
