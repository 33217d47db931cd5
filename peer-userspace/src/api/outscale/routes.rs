//! Route tables: each Net has one, with a route to itself and those that were added.
//!
//! A route leads to a peering by the Net's own consent. What it lets through is
//! `dialect::outscale`'s and the compiler's.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{
    Call,
    errors::Error,
    filters::{Known, Query, TAGS, Type},
    ids::{Resource, subnet},
    net_peerings::{self, find},
    nets::{self, Net},
    params::Params,
    settings,
};
use crate::{
    api::caller::Caller,
    daemon::Snapshot,
    dialect,
    model::{self, ObjectRef},
    store::Stored,
};

const FILTERS: [Known; 14] = [
    ("RouteTableIds", Type::Texts, "RouteTableId"),
    ("NetIds", Type::Texts, "NetId"),
    (
        "LinkRouteTableIds",
        Type::Texts,
        "LinkRouteTables/*/RouteTableId",
    ),
    (
        "LinkRouteTableLinkRouteTableIds",
        Type::Texts,
        "LinkRouteTables/*/LinkRouteTableId",
    ),
    ("LinkRouteTableMain", Type::Flag, "LinkRouteTables/*/Main"),
    ("LinkSubnetIds", Type::Texts, "LinkRouteTables/*/SubnetId"),
    ("RouteNetPeeringIds", Type::Texts, "Routes/*/NetPeeringId"),
    (
        "RouteDestinationIpRanges",
        Type::Texts,
        "Routes/*/DestinationIpRange",
    ),
    (
        "RouteCreationMethods",
        Type::Texts,
        "Routes/*/CreationMethod",
    ),
    ("RouteStates", Type::Texts, "Routes/*/State"),
    ("RouteGatewayIds", Type::Texts, "Routes/*/GatewayId"),
    (
        "RouteDestinationServiceIds",
        Type::Texts,
        "Routes/*/DestinationServiceId",
    ),
    ("RouteNatServiceIds", Type::Texts, "Routes/*/NatServiceId"),
    ("RouteVmIds", Type::Texts, "Routes/*/VmId"),
];

/// `ReadRouteTables`.
pub(super) fn read(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&FILTERS, &TAGS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let tables = nets::seen(&snapshot, &call.caller).map(|net| {
        let id = Resource::RouteTable.id(net.uid);
        (id, json(&snapshot, net))
    });
    Ok(query.answer("RouteTables", tables))
}

/// The route table of a Net.
fn json(snapshot: &Snapshot, net: Net<'_>) -> Value {
    let settings = settings::of(&snapshot.declared.stored, &net.network.id);
    let local = net.network.prefixes.iter().map(|prefix| {
        json!({
            "DestinationIpRange": prefix,
            "GatewayId": "local",
            "CreationMethod": "CreateRouteTable",
            "State": "active",
        })
    });
    let added = settings.routes.iter().filter_map(|(to, by)| {
        Some(json!({
            "DestinationIpRange": to,
            "NetPeeringId": net_peerings::id_of(snapshot, by)?,
            "CreationMethod": "CreateRoute",
            "State": "active",
        }))
    });
    let table = Resource::RouteTable.id(net.uid);
    let main = json!({
        "LinkRouteTableId": Resource::LinkRouteTable.id(net.uid),
        "RouteTableId": table,
        "NetId": Resource::Net.id(net.uid),
        "Main": true,
    });
    let linked = settings.links.iter().map(|position| {
        let digits = subnet(net.uid, *position);
        json!({
            "LinkRouteTableId": Resource::LinkRouteTable.numbered(digits),
            "RouteTableId": table,
            "SubnetId": Resource::Subnet.numbered(digits),
            "Main": false,
        })
    });
    json!({
        "RouteTableId": table,
        "NetId": Resource::Net.id(net.uid),
        "Routes": local.chain(added).collect::<Value>(),
        "LinkRouteTables": std::iter::once(main).chain(linked).collect::<Value>(),
        "RoutePropagatingVirtualGateways": [],
        "Tags": [],
    })
}

/// `CreateRoute`.
pub(super) async fn create(call: &Call, params: Params) -> Result<Value, Error> {
    put(call, params, |routes, to, by| {
        match routes.iter().find(|(known, _)| known == to) {
            Some((_, known)) if known == by => Ok(()),
            Some(_) => Err(Error::route_exists(format!(
                "there is a route to {to} by another Net peering: UpdateRoute changes it"
            ))),
            None => {
                routes.push((*to, by.clone()));
                Ok(())
            }
        }
    })
    .await
}

/// `UpdateRoute`.
pub(super) async fn update(call: &Call, params: Params) -> Result<Value, Error> {
    put(call, params, |routes, to, by| {
        let known = routes.iter_mut().find(|(known, _)| known == to);
        let (_, known) = known.ok_or_else(|| no_route(to))?;
        *known = by.clone();
        Ok(())
    })
    .await
}

type Routes = Vec<(IpNet, ObjectRef)>;

async fn put(
    call: &Call,
    mut params: Params,
    change: fn(&mut Routes, &IpNet, &ObjectRef) -> Result<(), Error>,
) -> Result<Value, Error> {
    let table = params.required_text("RouteTableId")?;
    let to = params.required_text("DestinationIpRange")?;
    let peering = target(&mut params)?;
    params.finish()?;
    let to = ip_range(&to)?;
    let id = table.clone();
    let (_, snapshot) = call
        .write(move |caller, snapshot, stored| {
            let net = own(snapshot, caller, &id)?;
            refuse_local(net, &to)?;
            let by = way(snapshot, stored, caller, (net, &peering))?;
            let limit = snapshot.quotas.of(&by.namespace).routes;
            settings::change(stored, caller, &net.network.id, |settings| {
                change(&mut settings.routes, &to, &by)?;
                if settings.routes.len() > limit {
                    return Err(Error::too_many_routes(format!(
                        "a Net of {} may have {limit} routes",
                        by.namespace
                    )));
                }
                Ok(())
            })
        })
        .await?;
    answer(call, &snapshot, &table)
}

/// The peering that a route is to lead to; other targets there are none here.
fn target(params: &mut Params) -> Result<String, Error> {
    let peering = params.text("NetPeeringId")?;
    type Absent = fn(String) -> Error;
    let others: [(&str, Absent); 4] = [
        ("GatewayId", Error::no_gateway),
        ("NatServiceId", Error::no_nat_service),
        ("NicId", Error::no_nic),
        ("VmId", Error::no_vm),
    ];
    for (name, absent) in others {
        let Some(id) = params.text(name)? else {
            continue;
        };
        return Err(match peering {
            Some(_) => Error::contradiction(format!(
                "a route has one target: NetPeeringId or {name}, not both"
            )),
            None => absent(format!(
                "the {name} `{id}` does not exist: peerd routes to Net peerings only"
            )),
        });
    }
    params.required("NetPeeringId", peering)
}

/// The consent by which a Net's route leads to a peering.
fn way(
    snapshot: &Snapshot,
    stored: &Stored,
    caller: &Caller,
    (net, id): (Net<'_>, &str),
) -> Result<ObjectRef, Error> {
    let peering = find(snapshot, caller, id)?;
    if peering.has_ended() {
        return Err(Error::invalid_state(format!("`{id}` has ended")));
    }
    let network = &net.network.id;
    let Some(consent) = peering.consent_of(network) else {
        return Err(if peering.accepter() == Some(network) {
            Error::invalid_state(format!(
                "`{id}` is not accepted: AcceptNetPeering comes first"
            ))
        } else {
            Error::other_net(format!("`{id}` is not a peering of this route table's Net"))
        });
    };
    let key = (model::Kind::Peering, consent.id.clone());
    if !consent.origin.is_outscale() || !stored.objects.contains_key(&key) {
        return Err(Error::invalid_state(format!(
            "on this Net's side `{id}` was not made by Outscale's calls: its routes are those \
             that Peering {} says",
            consent.id
        )));
    }
    Ok(key.1)
}

/// `DeleteRoute`.
pub(super) async fn delete(call: &Call, mut params: Params) -> Result<Value, Error> {
    let table = params.required_text("RouteTableId")?;
    let to = params.required_text("DestinationIpRange")?;
    params.finish()?;
    let to = ip_range(&to)?;
    let id = table.clone();
    let (_, snapshot) = call
        .write(move |caller, snapshot, stored| {
            let net = own(snapshot, caller, &id)?;
            refuse_local(net, &to)?;
            settings::change(stored, caller, &net.network.id, |settings| {
                let before = settings.routes.len();
                settings.routes.retain(|(known, _)| *known != to);
                if settings.routes.len() == before {
                    return Err(no_route(&to));
                }
                Ok(())
            })
        })
        .await?;
    answer(call, &snapshot, &table)
}

/// The Net of a route table that the caller may change.
pub(super) fn own<'a>(snapshot: &'a Snapshot, caller: &Caller, id: &str) -> Result<Net<'a>, Error> {
    let kind = (Resource::RouteTable, id);
    nets::own(snapshot, caller, kind, Error::no_route_table)
}

fn refuse_local(net: Net<'_>, to: &IpNet) -> Result<(), Error> {
    if net.network.prefixes.contains(to) {
        let text = format!("the route to {to} is the Net's own, which stays as it is");
        return Err(Error::route_exists(text));
    }
    Ok(())
}

fn no_route(to: &IpNet) -> Error {
    Error::no_route(format!("there is no route to {to}"))
}

/// A prefix as Outscale takes one, some of which can be forwarded.
pub(super) fn ip_range(text: &str) -> Result<IpNet, Error> {
    let prefix: IpNet = text
        .parse()
        .map_err(|_| Error::invalid_value(format!("`{text}` is no IP range in CIDR notation")))?;
    if prefix.trunc() != prefix {
        return Err(Error::invalid_value(format!(
            "`{text}` has host bits set; write {}",
            prefix.trunc()
        )));
    }
    // No declaration can name it, and what is kept here is read as one.
    match dialect::never_forwarded(&prefix) {
        Some(why) => Err(Error::invalid_value(why)),
        None => Ok(prefix),
    }
}

fn answer(call: &Call, snapshot: &Snapshot, table: &str) -> Result<Value, Error> {
    let net = own(snapshot, &call.caller, table)?;
    Ok(json!({ "RouteTable": json(snapshot, net) }))
}
