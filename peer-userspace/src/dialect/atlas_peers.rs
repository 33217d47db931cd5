//! The MongoDB Atlas operator: what the entries of a project's `networkPeers` mean.
//!
//! A container is a network in the project's namespace, and the user's VPC is the peer:
//! each entry is the consent of Atlas' side. Owns which entries Atlas would not have
//! beside each other. Where a container's network is, `atlas_containers` knows.

use std::collections::BTreeMap;

use super::{
    atlas_containers::{Container, containers, region},
    translate::{Translator, label, portless},
};
use crate::model::{
    AtlasPeer, AtlasProject, Consent, Foreign, Kind, ObjectRef, Origin, PeerRef, Provider, Source,
    Spec, Ttl,
};

/// Gives each container's network its prefix, and containers that nobody declared a
/// network without ports.
pub(super) fn networks(translator: &mut Translator<'_>) {
    for (foreign, project) in projects(translator) {
        let containers = containers(translator, &foreign.id, project);
        for (peer, container) in project.peers.iter().zip(containers) {
            if container.missing.is_some() {
                let mut network = portless(container.network, project_source(&foreign.id));
                network.prefixes = peer.cidr.into_iter().collect();
                translator.add_network(network);
            } else if container.gets_prefix
                && let Some(network) = translator.table.networks.get_mut(&container.network)
            {
                network.prefixes = peer.cidr.into_iter().collect();
            }
        }
    }
}

/// Adds the consents that entries of `networkPeers` are.
pub(super) fn consents(translator: &mut Translator<'_>) {
    for (foreign, project) in projects(translator) {
        let containers = containers(translator, &foreign.id, project);
        let mut before = Before::default();
        let entries = project.peers.iter().zip(&containers).enumerate();
        for (index, (peer, container)) in entries {
            let entry = Entry {
                index,
                peer,
                container,
                vpc: vpc(peer),
            };
            let objection = match &peer.flaw {
                Some(flaw) => Some(flaw.clone()),
                None => before.against(&entry),
            };
            translator.add(entry.consent(foreign, objection.clone()));
            // What failed for itself is in nobody's way.
            if objection.is_none() {
                before.add(entry);
            }
        }
    }
}

fn projects<'a>(translator: &Translator<'a>) -> Vec<(&'a Foreign, &'a AtlasProject)> {
    let foreign = translator.declared.foreign.values();
    let projects = foreign.filter_map(|foreign| match &foreign.spec {
        Spec::AtlasProject(project) => Some((&**foreign, project)),
        _ => None,
    });
    projects.collect()
}

/// What networks of the containers that a project makes have as their `source`.
pub(super) fn project_source(project: &ObjectRef) -> Source {
    source(
        Kind::AtlasProject.words().1,
        Some(project.namespace.as_str()),
        project.name.as_str(),
    )
}

/// One of Atlas' names in the `source` of a network.
pub(super) fn source(kind: &str, namespace: Option<&str>, name: &str) -> Source {
    Source {
        api_version: Kind::AtlasProject.words().0.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

/// What the user's network is called. A flawed entry may lack a part of it.
fn vpc(peer: &AtlasPeer) -> Source {
    let kind = peer.provider.unwrap_or(Provider::Aws).network_kind();
    let name = peer.network.as_deref().unwrap_or_default();
    source(kind, peer.account.as_deref(), name)
}

/// One entry, and what it means.
struct Entry<'a> {
    index: usize,
    peer: &'a AtlasPeer,
    container: &'a Container,
    vpc: Source,
}

/// The earlier entries of a project that have not failed, by what no later one may share.
#[derive(Default)]
struct Before<'a> {
    vpcs: BTreeMap<(&'a ObjectRef, Source), usize>,
    /// The first of each provider, by container.
    containers: BTreeMap<&'a ObjectRef, BTreeMap<Provider, usize>>,
    /// The same by region.
    regions: BTreeMap<String, BTreeMap<Provider, usize>>,
}

impl<'a> Before<'a> {
    fn add(&mut self, entry: Entry<'a>) {
        let container = &entry.container.network;
        if let Some(provider) = entry.peer.provider {
            let of_container = self.containers.entry(container).or_default();
            of_container.entry(provider).or_insert(entry.index);
            if let Some(region) = region(entry.peer) {
                let of_region = self.regions.entry(region).or_default();
                of_region.entry(provider).or_insert(entry.index);
            }
        }
        self.vpcs.insert((container, entry.vpc), entry.index);
    }

    /// What the first of them that has anything against an entry has against it.
    fn against(&self, entry: &Entry<'a>) -> Option<String> {
        let container = &entry.container.network;
        let own = entry.peer.provider;
        let of_other = |known: Option<&BTreeMap<Provider, usize>>| {
            let others = known?
                .iter()
                .filter(|(provider, _)| Some(**provider) != own);
            let first = others.min_by_key(|(_, index)| **index);
            first.map(|(provider, index)| (*index, provider.word()))
        };
        let same = self.vpcs.get(&(container, entry.vpc.clone()));
        let same = same.map(|index| {
            let vpc = &entry.vpc;
            let text = format!("networkPeers[{index}] is of the same container and {vpc} already");
            (*index, text)
        });
        let in_container = of_other(self.containers.get(container)).map(|(index, other)| {
            let text = format!(
                "the container is of {other} by networkPeers[{index}]: a container is of one \
                 provider"
            );
            (index, text)
        });
        let here = region(entry.peer);
        let known = here.as_ref().and_then(|here| self.regions.get(here));
        let in_region = of_other(known).map(|(index, other)| {
            let here = here.unwrap_or_default();
            let text = format!(
                "region {here} has {other} by networkPeers[{index}]: Atlas does not peer in one \
                 region with several providers"
            );
            (index, text)
        });
        let all = [same, in_container, in_region].into_iter().flatten();
        all.min_by_key(|(index, _)| *index).map(|(_, text)| text)
    }
}

impl Entry<'_> {
    /// The consent it is.
    fn consent(&self, foreign: &Foreign, objection: Option<String>) -> Consent {
        let provider = self.peer.provider.map_or("peer", Provider::word);
        let network = match &self.peer.network {
            Some(network) => network.clone(),
            None => self.index.to_string(),
        };
        let name = format!("{}-{provider}-{network}", foreign.id.name);
        let id = ObjectRef {
            namespace: foreign.id.namespace.clone(),
            name: label(&name),
        };
        let network = self.container.network.name.clone();
        Consent {
            labels: foreign.labels.clone(),
            routes: self.peer.route_table_cidr.map(|routed| vec![routed]),
            ttl: Some(Ttl::Never),
            origin: Origin::Document(Kind::AtlasProject, foreign.id.clone(), self.index),
            objection: objection.or_else(|| self.container.missing.clone()),
            ..Consent::between(id, network, PeerRef::Source(self.vpc.clone(), None))
        }
    }
}
