//! The MongoDB Atlas operator: which network a container is.
//!
//! A container that exists is called by its id. One that an entry makes is known by its
//! provider, region and prefix: entries that agree on these share it, as in Atlas.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{
    atlas_peers::{project_source, source},
    sources::{Meant, several},
    translate::{Translator, label},
};
use crate::model::{AtlasPeer, AtlasProject, Network, ObjectRef, Provider};

/// Where an entry's container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    /// Its network; of a missing one the name that it is given meanwhile.
    pub(super) network: ObjectRef,
    /// Whether the network leaves it to the entry to say the prefix.
    pub(super) gets_prefix: bool,
    /// What to declare so that it has a network.
    pub(super) missing: Option<String>,
}

impl Container {
    fn declared(network: &ObjectRef, gets_prefix: bool) -> Self {
        Self {
            network: network.clone(),
            gets_prefix,
            missing: None,
        }
    }

    fn missing(project: &ObjectRef, peer: &AtlasPeer, why: Option<String>) -> Self {
        let provider = peer.provider.map_or("", Provider::word);
        let region = peer.region().unwrap_or_default();
        let name = format!("{}-{provider}-{region}", project.name);
        Self {
            network: ObjectRef {
                namespace: project.namespace.clone(),
                name: label(&name),
            },
            gets_prefix: false,
            missing: why,
        }
    }
}

/// What tells the containers apart that entries of one project make.
type Key = (Option<Provider>, Option<String>, IpNet);

fn key(peer: &AtlasPeer) -> Option<Key> {
    Some((peer.provider, region(peer), peer.cidr?))
}

/// The region of an entry's container as Atlas writes it: `us-east-1` is `US_EAST_1`.
pub(super) fn region(peer: &AtlasPeer) -> Option<String> {
    let region = peer.region()?;
    Some(region.to_ascii_uppercase().replace('-', "_"))
}

/// The container of each entry, in their order.
pub(super) fn containers(
    translator: &Translator<'_>,
    project: &ObjectRef,
    spec: &AtlasProject,
) -> Vec<Container> {
    let made = made(translator, project, spec);
    let of_entry = |peer: &AtlasPeer| {
        if peer.flaw.is_some() {
            return Container::missing(project, peer, None);
        }
        if let Some(id) = &peer.container {
            return existing(translator, project, peer, id);
        }
        let key = key(peer);
        match key.and_then(|key| made.get(&key)) {
            Some(container) => container.clone(),
            None => Container::missing(project, peer, None),
        }
    };
    spec.peers.iter().map(of_entry).collect()
}

/// The containers that a project's entries make.
fn made(
    translator: &Translator<'_>,
    project: &ObjectRef,
    spec: &AtlasProject,
) -> BTreeMap<Key, Container> {
    let mut wanted: Vec<(Key, &AtlasPeer)> = Vec::new();
    let mut known = BTreeSet::new();
    for peer in spec.peers.iter().filter(|peer| peer.flaw.is_none()) {
        let key = key(peer).filter(|key| known.insert(key.clone()));
        wanted.extend(key.map(|key| (key, peer)));
    }
    let source = project_source(project);
    let networks = translator.declared.networks.values();
    let networks = networks.filter(|network| network.source.as_ref() == Some(&source));
    let (mut blank, mut said): (Vec<&Network>, Vec<_>) =
        networks.partition(|network| network.prefixes.is_empty());
    // First those whose networks say the prefix, so that the order of entries takes none
    // of them away.
    let mut found: Vec<Option<Container>> = Vec::new();
    for ((.., cidr), _) in &wanted {
        let at = said.iter().position(|network| *network.prefixes == [*cidr]);
        let network = at.map(|at| said.remove(at));
        found.push(network.map(|network| Container::declared(&network.id, false)));
    }
    let containers = wanted.into_iter().zip(found);
    let containers = containers.map(|((key, peer), found)| {
        let container = found.unwrap_or_else(|| match blank.as_slice() {
            [network] => {
                let container = Container::declared(&network.id, true);
                blank.clear();
                container
            }
            [] => {
                let why = format!(
                    "container {} of AtlasProject {project} has no ports: declare a peerd \
                     Network in its namespace that has the project as its `source`",
                    key.2
                );
                Container::missing(project, peer, Some(why))
            }
            several => {
                let why = format!(
                    "{} Networks without prefixes have AtlasProject {project} as their source: \
                     write {} into the one that is this container's",
                    several.len(),
                    key.2
                );
                Container::missing(project, peer, Some(why))
            }
        });
        (key, container)
    });
    containers.collect()
}

/// The container that is called `id`. One that another entry made has its network's name.
fn existing(
    translator: &Translator<'_>,
    project: &ObjectRef,
    peer: &AtlasPeer,
    id: &str,
) -> Container {
    let namespace = &project.namespace;
    let source = source("AtlasNetworkContainer", Some(namespace.as_str()), id);
    let why = match translator.meant(&source) {
        Meant::One(network) => return Container::declared(&network, false),
        Meant::Several(count) => several(count, &source),
        Meant::Nobody => format!(
            "{source} has no prefixes and no ports: declare a peerd Network of that name or with \
             that `source`"
        ),
    };
    Container::missing(project, peer, Some(why))
}
