//! Nets, which are networks; Subnets, which are their prefixes; accounts, which are
//! namespaces.
//!
//! Only read: networks are declared by whoever knows the host's ports.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    errors::Error,
    filters::{Known, Query, TAGS, Type},
    ids::{Resource, subnet},
    params::Params,
    tags,
};
use crate::{
    api::caller::Caller,
    daemon::{Role, Snapshot},
    model::{Network, uid},
};

const FILTERS: [Known; 5] = [
    ("NetIds", Type::Texts, "NetId"),
    ("IpRanges", Type::Texts, "IpRange"),
    ("States", Type::Texts, "State"),
    ("DhcpOptionsSetIds", Type::Texts, "DhcpOptionsSetId"),
    ("IsDefault", Type::Flag, "IsDefault"),
];

const SUBNET_FILTERS: [Known; 6] = [
    ("SubnetIds", Type::Texts, "SubnetId"),
    ("NetIds", Type::Texts, "NetId"),
    ("IpRanges", Type::Texts, "IpRange"),
    ("States", Type::Texts, "State"),
    ("SubregionNames", Type::Texts, "SubregionName"),
    ("AvailableIpsCounts", Type::Numbers, "AvailableIpsCount"),
];

/// A network and its uid.
#[derive(Clone, Copy)]
pub(super) struct Net<'a> {
    /// What is declared.
    pub(super) network: &'a Network,
    /// Its uid.
    pub(super) uid: Uuid,
}

/// Every network.
fn all(snapshot: &Snapshot) -> impl Iterator<Item = Net<'_>> {
    let networks = snapshot.declared.table.networks.values();
    networks.filter_map(|network| {
        let uid = snapshot.facts.networks.get(&network.id)?.uid;
        Some(Net { network, uid })
    })
}

/// Every network that exists for the caller.
pub(super) fn seen<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
) -> impl Iterator<Item = Net<'a>> + 'a {
    all(snapshot).filter(|net| caller.sees(&net.network.id.namespace))
}

/// The network with these digits, whoever's it is.
pub(super) fn any(snapshot: &Snapshot, digits: u32) -> Option<Net<'_>> {
    all(snapshot).find(|net| uid::short(net.uid) == digits)
}

/// The network of an id of this kind, if the caller may change what is about it; else
/// what `absent` says.
pub(super) fn own<'a>(
    snapshot: &'a Snapshot,
    caller: &Caller,
    (kind, id): (Resource, &str),
    absent: fn(String) -> Error,
) -> Result<Net<'a>, Error> {
    let net = any(snapshot, kind.read(id)?);
    let net = net.filter(|net| caller.sees(&net.network.id.namespace));
    let net = net.ok_or_else(|| absent(format!("`{id}` does not exist")))?;
    caller.must_be(Role::Operator, &net.network.id.namespace)?;
    Ok(net)
}

/// The one range that a Net of Outscale's has: of IPv4, if there is one.
pub(super) fn ip_range(prefixes: &[IpNet]) -> Option<IpNet> {
    let mut of_ipv4 = prefixes.iter().filter(|prefix| prefix.addr().is_ipv4());
    of_ipv4.next().or(prefixes.first()).copied()
}

/// A Net's Subnets: its prefixes of the family that its one range is of, each with its
/// position among all.
pub(super) fn subnet_ranges(prefixes: &[IpNet]) -> impl Iterator<Item = (u32, IpNet)> {
    let range = ip_range(prefixes);
    let is_shown = move |prefix: &IpNet| {
        range.is_some_and(|range| range.addr().is_ipv4() == prefix.addr().is_ipv4())
    };
    let numbered = (0..).zip(prefixes.iter().copied());
    numbered.filter(move |(_, prefix)| is_shown(prefix))
}

/// `ReadNets`.
pub(super) fn read(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&FILTERS, &TAGS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let nets = seen(&snapshot, &call.caller).map(|net| {
        let id = Resource::Net.id(net.uid);
        let mut object = json!({
            "NetId": id,
            "State": "available",
            "Tenancy": "default",
            "Tags": tags::list(&net.network.labels),
        });
        if let Some(range) = ip_range(&net.network.prefixes) {
            object["IpRange"] = json!(range);
        }
        (id, object)
    });
    Ok(query.answer("Nets", nets))
}

/// `ReadSubnets`.
pub(super) fn read_subnets(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&SUBNET_FILTERS, &TAGS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let of_net = |net: Net<'_>| {
        let zone = net.network.zone.clone();
        let ranges: Vec<_> = subnet_ranges(&net.network.prefixes).collect();
        ranges.into_iter().map(move |(position, prefix)| {
            let id = Resource::Subnet.numbered(subnet(net.uid, position));
            let object = json!({
                "SubnetId": id,
                "NetId": Resource::Net.id(net.uid),
                "IpRange": prefix,
                "SubregionName": zone,
                "State": "available",
                "MapPublicIpOnLaunch": false,
                "Tags": [],
            });
            (id, object)
        })
    };
    let subnets = seen(&snapshot, &call.caller).flat_map(of_net);
    Ok(query.answer("Subnets", subnets))
}

/// `ReadAccounts`: the namespaces that exist for the caller.
pub(super) fn read_accounts(call: &Call, params: Params) -> Result<Value, Error> {
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let table = &snapshot.declared.table;
    let declared = table.networks.keys().chain(table.consents.keys());
    let declared = declared.map(|id| &id.namespace);
    let seen = declared.filter(|namespace| call.caller.sees(namespace));
    let named = call.caller.namespaces();
    let all: BTreeSet<&str> = seen
        .map(|namespace| namespace.as_str())
        .chain(named)
        .collect();
    let account = |id: &str| json!({ "AccountId": id, "CustomerId": id });
    Ok(json!({ "Accounts": all.into_iter().map(account).collect::<Value>() }))
}
