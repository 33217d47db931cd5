//! `/1.3/network`: the networks whose uuids a peering names.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{super::caller::Caller, labels, query::Filter, refusal::Refusal, show::ip_network};
use crate::{
    daemon::{Shared, Snapshot},
    model::Network,
};

/// List the networks in the caller's namespaces.
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    filter: Result<Filter, Refusal>,
) -> Result<Json<Value>, Refusal> {
    let filter = filter?;
    let snapshot = shared.snapshot();
    let networks = snapshot.declared.table.networks.values();
    let wanted = networks.filter(|network| {
        caller.sees(&network.id.namespace)
            && filter.has_labels(&network.labels)
            && filter.wants("zone", Some(&network.zone))
    });
    let all: Vec<Value> = wanted.map(|network| show(&snapshot, network)).collect();
    Ok(Json(json!({ "networks": { "network": all } })))
}

/// Get one network.
pub(super) async fn get(
    State(shared): State<Shared>,
    caller: Caller,
    uuid: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Refusal> {
    let uuid = uuid.map(|Path(text)| text).unwrap_or_default();
    let snapshot = shared.snapshot();
    let found = || {
        let id = snapshot.facts.network_of(uuid.parse().ok()?)?;
        let network = snapshot.declared.table.networks.get(id)?;
        caller.sees(&id.namespace).then_some(network)
    };
    let network = found().ok_or_else(|| Refusal::no_network(&uuid))?;
    Ok(Json(json!({ "network": show(&snapshot, network) })))
}

fn show(snapshot: &Snapshot, network: &Network) -> Value {
    let uuid = snapshot.facts.networks.get(&network.id);
    let uuid: Option<Uuid> = uuid.map(|facts| facts.uid);
    let ports = snapshot.ports.of(&network.id);
    let interfaces = ports.filter_map(|(index, _)| snapshot.host.interfaces.get(&index));
    let addresses: Vec<_> = interfaces
        .flat_map(|interface| &interface.addresses)
        .map(|address| address.net.addr())
        .collect();
    let prefixes = network.prefixes.iter().map(|prefix| {
        let mut shown = ip_network(prefix);
        shown["dhcp"] = json!("no");
        shown["dhcp_default_route"] = json!("no");
        // The router's own address.
        if let Some(gateway) = addresses.iter().find(|address| prefix.contains(*address)) {
            shown["gateway"] = json!(gateway);
        }
        shown
    });
    let has_port = snapshot.ports.none_of(&network.id).is_none();
    // Each has a router of its own, as long as there is a port to it.
    let router = uuid.filter(|_| has_port).map(|uuid| uuid.to_string());
    json!({
        "uuid": uuid,
        "name": network.id.name,
        "type": "private",
        "zone": network.zone,
        "ip_networks": { "ip_network": prefixes.collect::<Vec<_>>() },
        "labels": labels::show(&network.labels),
        "router": router.unwrap_or_default(),
        "servers": { "server": [] },
    })
}
