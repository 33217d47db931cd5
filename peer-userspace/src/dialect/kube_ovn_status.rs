//! `status` of Kube-OVN's objects.
//!
//! Theirs names the peers and tells no reason why one is none: `peerings` and `conditions`
//! are what is said of that here.

use serde_json::{Value as Json, json};

use super::{
    kube_ovn::{links, missing, outermost, source},
    sources::{Meant, several},
    standing::{Around, Neighbour, Standing},
};
use crate::{
    lifecycle::State,
    model::{DEFAULT_VPC, Foreign, Kind, Subnet, Vpc},
};

/// `status` of a `Vpc`.
pub(super) fn vpc(
    foreign: &Foreign,
    vpc: &Vpc,
    (consents, peered): (&[Standing], &[Neighbour]),
    around: &Around<'_>,
) -> Json {
    let name = foreign.id.name.as_str();
    let subnets = around
        .all
        .subnets
        .get(name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut names: Vec<&str> = peered.iter().map(vpc_name).collect();
    names.sort_unstable();
    names.dedup();
    let remote = |standing: &Standing| {
        let entry = vpc.peerings.get(standing.entry);
        entry.map(|entry| entry.remote.as_str()).unwrap_or_default()
    };
    let peerings = consents.iter().map(|standing| {
        json!({
            "remoteVpc": remote(standing),
            "state": standing.state.to_string(),
            "reason": standing.reason,
        })
    });
    let inactive = consents
        .iter()
        .filter(|standing| standing.state != State::Active);
    let inactive: Vec<&str> = inactive.map(remote).collect();
    let ready = match nobodys(name, around) {
        Some(why) => condition("Ready", Err(("NoNetwork", why))),
        None if inactive.is_empty() => condition("Ready", Ok(())),
        None => {
            let text = format!("not active: {}", inactive.join(", "));
            condition("Ready", Err(("PeeringsNotActive", text)))
        }
    };
    let unused = unused(name, vpc, subnets.iter().flat_map(|(_, its)| *its), around);
    let validated = if unused.is_empty() {
        Ok(())
    } else {
        Err(("NotAllUsed", unused.join("; ")))
    };
    json!({
        "standby": around.network.is_some(),
        "default": name == DEFAULT_VPC,
        "router": name,
        "subnets": subnets.iter().map(|(subnet, _)| subnet).collect::<Vec<_>>(),
        "vpcPeerings": names,
        "peerings": peerings.collect::<Vec<_>>(),
        "conditions": [ready, condition("Validated", validated)],
    })
}

/// `status` of a `Subnet`.
pub(super) fn subnet(subnet: &Subnet, around: &Around<'_>) -> Json {
    let ready = nobodys(subnet.vpc(), around).map_or(Ok(()), |why| Err(("NoNetwork", why)));
    json!({ "conditions": [condition("Ready", ready)] })
}

/// Why a VPC is no network here, if it is none.
fn nobodys(vpc: &str, around: &Around<'_>) -> Option<String> {
    if around.network.is_some() {
        return None;
    }
    let source = source(vpc);
    Some(match around.all.sources.meant(around.all.table, &source) {
        Meant::One(_) | Meant::Nobody => missing(vpc),
        Meant::Several(count) => several(count, &source),
    })
}

/// What was declared for a VPC and has no effect.
fn unused<'a>(
    name: &str,
    vpc: &Vpc,
    of_subnets: impl Iterator<Item = &'a ipnet::IpNet>,
    around: &Around<'_>,
) -> Vec<String> {
    let links = links(around.all.table, name, vpc);
    let routes = vpc.routes.iter().filter_map(|route| {
        let why = links.lead(route).err()?;
        Some(format!(
            "the static route to {} has no effect: {why}",
            route.to
        ))
    });
    let mut unused: Vec<String> = routes.collect();
    let of_subnets = outermost(of_subnets);
    let own = around.network.map(|network| &*network.prefixes);
    let own = own.unwrap_or_default();
    if !own.is_empty() && !of_subnets.is_empty() && own != of_subnets {
        unused.push(
            "the prefixes of its Network have no effect: those of its Subnets count".to_owned(),
        );
    }
    unused
}

/// What Kube-OVN calls a network that peers.
fn vpc_name(network: &Neighbour) -> &str {
    let (_, kind) = Kind::Vpc.words();
    let source = network.source.as_ref().filter(|source| source.kind == kind);
    match source {
        Some(source) => &source.name,
        None => network.id.name.as_str(),
    }
}

fn condition(kind: &str, holds: Result<(), (&str, String)>) -> Json {
    let status = if holds.is_ok() { "True" } else { "False" };
    let (reason, message) = match holds {
        Ok(()) => (kind, String::new()),
        Err((reason, message)) => (reason, message),
    };
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}
