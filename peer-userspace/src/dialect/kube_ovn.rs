//! Kube-OVN: `Vpc` and `Subnet` of kubeovn.io/v1.
//!
//! Two VPCs that list each other are two consents, with the routes that lead to the other
//! one. A VPC's prefixes are its subnets'; ports and zone are a native Network's, which has
//! the VPC as its `source` or is `default/NAME`. Here is what the documents mean together;
//! what each says is read in `kube_ovn_read`.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{
    kube_ovn_connect::Connect,
    kube_ovn_routes::{Ends, Links},
    sources::{Meant, several},
    translate::{Translator, label, portless},
};
use crate::model::{
    Consent, DEFAULT_VPC, Foreign, Kind, Name, ObjectRef, Origin, PeerRef, Source, Spec, Table,
    Ttl, Vpc,
};

/// What Kube-OVN calls a VPC.
pub(super) fn source(vpc: &str) -> Source {
    let (api_version, kind) = Kind::Vpc.words();
    Source {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: None,
        name: vpc.to_owned(),
    }
}

/// The subnets of each VPC by their names, with what they are of its network.
pub(super) type Subnets<'a> = BTreeMap<&'a str, Vec<(&'a Name, &'a [IpNet])>>;

/// The subnets that are declared.
pub(super) fn subnets(table: &Table) -> Subnets<'_> {
    let mut subnets = Subnets::new();
    for foreign in table.foreign.values() {
        if let Spec::Subnet(subnet) = &foreign.spec {
            let of_vpc = subnets.entry(subnet.vpc()).or_default();
            of_vpc.push((&foreign.id.name, &subnet.prefixes));
        }
    }
    subnets
}

/// The VPCs that are declared.
fn vpcs(table: &Table) -> impl Iterator<Item = (&Foreign, &Vpc)> {
    table.foreign.values().filter_map(|foreign| {
        let Spec::Vpc(vpc) = &foreign.spec else {
            return None;
        };
        Some((foreign.as_ref(), vpc))
    })
}

/// The VPC of this name.
fn vpc_named<'a>(table: &'a Table, name: &str) -> Option<&'a Vpc> {
    let id = source(name).namesake()?;
    match &table.foreign.get(&(Kind::Vpc, id))?.spec {
        Spec::Vpc(vpc) => Some(vpc),
        _ => None,
    }
}

/// Gives each VPC's network its subnets' prefixes, and a network to each VPC that has
/// none.
pub(super) fn networks(translator: &mut Translator<'_>) {
    let declared = translator.declared;
    for (foreign, _) in vpcs(declared) {
        let source = source(foreign.id.name.as_str());
        if translator.meant(&source) == Meant::Nobody {
            translator.add_network(portless(stand_in(declared, &foreign.id), source));
        }
    }
    for (vpc, subnets) in subnets(declared) {
        let prefixes = outermost(subnets.iter().flat_map(|(_, prefixes)| *prefixes));
        let network = translator.meant(&source(vpc)).network();
        let network = network.and_then(|network| translator.table.networks.get_mut(&network));
        if let Some(network) = network.filter(|_| !prefixes.is_empty()) {
            network.prefixes = prefixes.into();
        }
    }
}

/// The name of the network of a VPC for which none was declared.
fn stand_in(declared: &Table, vpc: &ObjectRef) -> ObjectRef {
    if !declared.networks.contains_key(vpc) {
        return vpc.clone();
    }
    ObjectRef {
        namespace: vpc.namespace.clone(),
        name: label(&format!("{}-vpc", vpc.name)),
    }
}

/// Sorted, none inside another.
pub(super) fn outermost<'a>(prefixes: impl Iterator<Item = &'a IpNet>) -> Vec<IpNet> {
    let mut prefixes: Vec<IpNet> = prefixes.copied().collect();
    // What contains a prefix sorts before it.
    prefixes.sort();
    prefixes.dedup_by(|inner, outer| outer.contains(&*inner));
    prefixes
}

/// Adds the consents that entries of `vpcPeerings` are.
pub(super) fn consents(translator: &mut Translator<'_>) {
    let declared = translator.declared;
    let subnets = subnets(declared);
    for (foreign, vpc) in vpcs(declared) {
        let (network, missing) = network_of(translator, &foreign.id);
        let name = foreign.id.name.as_str();
        let links = links(declared, name, vpc);
        let leads = vpc.routes.iter().filter_map(|route| links.lead(route).ok());
        let mut routes: BTreeMap<usize, Vec<IpNet>> = BTreeMap::new();
        for (to, entry) in leads {
            routes.entry(entry).or_default().push(to);
        }
        let mut known = BTreeMap::new();
        for (index, ends) in links.ends.iter().enumerate() {
            let first = *known.entry(ends.remote).or_insert(index);
            let refused = || refusal((name, &subnets), (index, first), ends);
            let id = ObjectRef {
                namespace: network.namespace.clone(),
                // As Kube-OVN names the ports of its routers.
                name: label(&format!("{name}-{}", ends.remote)),
            };
            let peer = PeerRef::Source(source(ends.remote), None);
            translator.add(Consent {
                labels: foreign.labels.clone(),
                routes: Some(routes.remove(&index).unwrap_or_default()),
                ttl: Some(Ttl::Never),
                // One router a VPC.
                hops: 2,
                origin: Origin::Document(Kind::Vpc, foreign.id.clone(), index),
                objection: missing.clone().or_else(refused),
                ..Consent::between(id, network.name.clone(), peer)
            });
        }
    }
}

/// The network that a VPC is, and what is missing if nobody says which that is.
fn network_of(translator: &Translator<'_>, vpc: &ObjectRef) -> (ObjectRef, Option<String>) {
    let source = source(vpc.name.as_str());
    match translator.meant(&source) {
        Meant::One(id) if translator.declared.networks.contains_key(&id) => (id, None),
        Meant::One(id) => (id, Some(missing(vpc.name.as_str()))),
        Meant::Nobody => (vpc.clone(), Some(missing(vpc.name.as_str()))),
        Meant::Several(count) => (vpc.clone(), Some(several(count, &source))),
    }
}

/// What a VPC lacks that is nothing but a document of Kube-OVN's.
pub(super) fn missing(vpc: &str) -> String {
    let (api_version, kind) = Kind::Vpc.words();
    format!(
        "{kind} {vpc} has no ports here: declare a peerd Network with `source: {{ apiVersion: \
         {api_version}, kind: {kind}, name: {vpc} }}`, or one that is called default/{vpc}"
    )
}

/// The links of a VPC, with what the others' documents say of them.
pub(super) fn links<'a>(table: &'a Table, name: &str, vpc: &'a Vpc) -> Links<'a> {
    Links::of(&vpc.peerings, |index| {
        let remote = vpc_named(table, &vpc.peerings.get(index)?.remote)?;
        let back = remote.peerings.iter().find(|back| back.remote == name)?;
        Connect::parse(&back.connect).ok()
    })
}

/// What Kube-OVN's rules have against the entry `index` of a VPC, or would have if it knew
/// them. `first` is the first entry that names the same VPC.
fn refusal(
    (name, subnets): (&str, &Subnets<'_>),
    (index, first): (usize, usize),
    ends: &Ends<'_>,
) -> Option<String> {
    let remote = ends.remote;
    if remote.is_empty() {
        return Some(format!("vpcPeerings[{index}] names no remoteVpc"));
    }
    if name == DEFAULT_VPC || remote == DEFAULT_VPC {
        return Some(format!(
            "{DEFAULT_VPC} is the default VPC, which peers with none; use a VPC of your own"
        ));
    }
    if name == remote {
        return Some(format!("Vpc {name} cannot peer with itself"));
    }
    if first != index {
        return Some(format!(
            "vpcPeerings[{first}] names {remote} already; remove one of them"
        ));
    }
    let own = match &ends.own {
        Ok(own) => own,
        Err(why) => return Some(why.clone()),
    };
    if let Some((link, of)) = ends.taken {
        return Some(format!(
            "its localConnectIP {own} is in {link}, the link of vpcPeerings[{of}]; each has its own"
        ));
    }
    let in_subnet_of = |vpc: &str| {
        let subnets = subnets.get(vpc).into_iter().flatten();
        let mut overlaps = subnets.flat_map(|(subnet, prefixes)| {
            let overlaps = prefixes.iter().filter(|prefix| own.overlaps(prefix));
            overlaps.map(move |prefix| (*subnet, prefix))
        });
        let (subnet, prefix) = overlaps.next()?;
        Some(format!(
            "its localConnectIP {own} overlaps {prefix} of Subnet {subnet}; take a range that no \
             subnet has, such as one of 169.254.0.0/16"
        ))
    };
    in_subnet_of(name).or_else(|| {
        // Nothing of another VPC is looked at before it wants this one.
        let other = ends.other.as_ref()?;
        own.against(other, remote).or_else(|| in_subnet_of(remote))
    })
}
