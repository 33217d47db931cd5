//! One look and what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex},
};

use tracing::{error, info, warn};

use super::snapshot::{LastApply, Since, Snapshot, lock, now};
use crate::{
    compile::{Change, ForwardingTable, Ports, compile, diff},
    host::{HostView, Interface},
    kernel::{Datapath, KernelError, Registered},
    lifecycle::{Facts, State, States, judge},
    model::{PairLabel, Table},
};
use peer_common::{flags, limits, verdict};

/// Makes the kernel hold what tables and host demand, look after look.
pub(super) struct Reconciler {
    datapath: Arc<Mutex<Datapath>>,
    /// Ports whose programs could not be attached: the interface as it was then,
    /// and why. Tried again when the interface is different or somebody says so.
    failures: BTreeMap<u32, (Interface, String)>,
    latest: Snapshot,
}

/// A next hop whose link address is wanted: ifindex and address.
pub(super) type NextHop = (u32, IpAddr);

impl Reconciler {
    pub(super) fn new(datapath: Arc<Mutex<Datapath>>) -> Self {
        Self {
            datapath,
            failures: BTreeMap::new(),
            latest: Snapshot::default(),
        }
    }

    /// The outcome of the last look.
    pub(super) fn latest(&self) -> &Snapshot {
        &self.latest
    }

    /// Whether something is not as it should be and worth another try: an attachment
    /// or an apply that failed, an attachment that is no more.
    pub(super) fn wants_another_look(&mut self) -> bool {
        let failed = !self.failures.is_empty() || self.latest.last_apply.error.is_some();
        self.failures.clear();
        let dead = lock(&self.datapath).forget_dead_attachments();
        failed
            || dead.unwrap_or_else(|error| {
                warn!("{error}");
                true
            })
    }

    /// An interface went away.
    pub(super) fn interface_gone(&mut self, index: u32) {
        if let Err(error) = lock(&self.datapath).forget_interface(index) {
            warn!("{error}");
        }
    }

    /// Look at `table` and `host`, and make the kernel follow.
    pub(super) fn reconcile(&mut self, table: Table, mut host: HostView) {
        let datapath = self.datapath.clone();
        let mut datapath = lock(&datapath);
        for interface in host.interfaces.values_mut() {
            if datapath.carries_xdp(interface.index) {
                interface.foreign_xdp = None;
            }
        }
        let outcome = self.follow(&mut datapath, &table, &host);
        self.latest.table = table;
        self.latest.host = host;
        self.latest.content = datapath.content().clone();
        if let Err(reason) = outcome {
            error!("the kernel does not hold what it should: {reason}");
            self.latest.last_apply = LastApply {
                at: now(),
                error: Some(reason.to_string()),
            };
            // Whatever got through is found by reading it back.
            if let Err(error) = datapath.reread() {
                error!("{error}");
            }
        }
    }

    fn follow(
        &mut self,
        datapath: &mut Datapath,
        table: &Table,
        host: &HostView,
    ) -> Result<(), KernelError> {
        let ports = self.attach(datapath, table, host);
        let mut registered = datapath.registered();
        let in_kernel = self.latest.states.pairs.iter();
        let mut facts = Facts {
            active_since: registered.active_since.clone(),
            in_kernel: in_kernel
                .filter(|(_, pair)| pair.carries)
                .map(|(pair, _)| pair.clone())
                .collect(),
        };
        let states = judge(table, &ports, &facts);
        registered.ids = registered.ids.assigned(
            table
                .networks
                .keys()
                .take(limits::MAX_NETWORKS as usize - 1)
                .cloned(),
            states.pairs.keys().cloned(),
            ports.working().map(|(index, ..)| index),
            datapath.content(),
        );
        let wanted = compile(table, &ports, host, &states, &registered.ids);
        let changes = diff(datapath.content(), &wanted);
        // Ids first: a route must never count for what had its id before. What goes
        // away is forgotten only once no route leads there.
        let before = registered.clone();
        registered.ids = registered.ids.with(&datapath.registered().ids);
        datapath.register(&registered)?;
        registered = before;
        datapath.apply(&changes)?;
        datapath.take_over()?;
        datapath.detach_others(&wanted.ports.keys().copied().collect())?;

        facts.in_kernel = carrying(&states);
        let states = judge(table, &ports, &facts);
        let at = now();
        registered.active_since = facts
            .in_kernel
            .iter()
            .map(|pair| {
                (
                    pair.clone(),
                    facts.active_since.get(pair).copied().unwrap_or(at),
                )
            })
            .collect();
        datapath.register(&registered)?;
        self.record(&ports, states, registered, &changes, at);
        Ok(())
    }

    /// Programs onto ports that lack them. A port that cannot have them does not
    /// work, and the network may be without a port for it.
    fn attach(&mut self, datapath: &mut Datapath, table: &Table, host: &HostView) -> Ports {
        self.failures.retain(|index, (then, _)| {
            host.interfaces
                .get(index)
                .is_some_and(|now| unchanged(then, now))
        });
        let known = |failures: &BTreeMap<u32, (Interface, String)>| {
            failures
                .iter()
                .map(|(index, (_, why))| (*index, why.clone()))
                .collect()
        };
        let ports = Ports::resolve(table, host, &known(&self.failures));
        let mut failed = false;
        for (index, port, hook) in ports.working() {
            if let Err(why) = datapath.attach(index, &port.declared.interface, hook)
                && let Some(interface) = host.interfaces.get(&index)
            {
                failed = true;
                self.failures.insert(index, (interface.clone(), why));
            }
        }
        if failed {
            Ports::resolve(table, host, &known(&self.failures))
        } else {
            ports
        }
    }

    fn record(
        &mut self,
        ports: &Ports,
        states: States,
        registered: Registered,
        changes: &[Change],
        at: u64,
    ) {
        let latest = &mut self.latest;
        report_ports(&latest.ports, ports);
        report_states(&latest.states, &states);
        latest.since = states
            .consents
            .iter()
            .map(|(id, status)| {
                let known = latest
                    .since
                    .get(id)
                    .filter(|since| since.state == status.state);
                let pair = table_pair(&states, id);
                let active = pair.and_then(|pair| registered.active_since.get(pair));
                let at = match (status.state, known, active) {
                    (State::Active, _, Some(since)) => *since,
                    (_, Some(since), _) => since.at,
                    _ => at,
                };
                (
                    id.clone(),
                    Since {
                        state: status.state,
                        at,
                    },
                )
            })
            .collect();
        latest.ports = ports.clone();
        latest.states = states;
        latest.ids = registered.ids;
        if !changes.is_empty() {
            info!(changes = changes.len(), "the kernel follows");
            latest.generation += 1;
        }
        if !changes.is_empty() || latest.last_apply.at == 0 || latest.last_apply.error.is_some() {
            latest.last_apply = LastApply { at, error: None };
        }
    }

    /// Next hops whose link addresses the kernel should keep fresh.
    pub(super) fn next_hops(&self) -> BTreeSet<NextHop> {
        next_hops(&self.latest.content)
    }
}

/// Whether nothing happened to an interface that could let an attachment succeed.
fn unchanged(then: &Interface, now: &Interface) -> bool {
    then.name == now.name && then.foreign_xdp == now.foreign_xdp && then.mtu == now.mtu
}

fn carrying(states: &States) -> BTreeSet<PairLabel> {
    states
        .pairs
        .iter()
        .filter(|(_, pair)| pair.carries)
        .map(|(label, _)| label.clone())
        .collect()
}

fn table_pair<'a>(states: &'a States, consent: &crate::model::ObjectRef) -> Option<&'a PairLabel> {
    states
        .pairs
        .iter()
        .find(|(_, pair)| pair.consents.contains(consent))
        .map(|(label, _)| label)
}

/// Gateways, known or not, and the neighbours that have a route of their own.
fn next_hops(content: &ForwardingTable) -> BTreeSet<NextHop> {
    let routes = content.fibs.values().flatten();
    routes
        .filter(|(_, route)| route.verdict == verdict::FORWARD)
        .filter_map(|(at, route)| {
            let address = if route.has(flags::GATEWAY) {
                let g = route.gateway;
                match at.addr() {
                    IpAddr::V4(_) => IpAddr::from([g[0], g[1], g[2], g[3]]),
                    IpAddr::V6(_) => IpAddr::from(g),
                }
            } else if route.has(flags::RESOLVED) {
                at.addr()
            } else {
                return None;
            };
            Some((route.port, address))
        })
        .collect()
}

fn report_ports(before: &Ports, now: &Ports) {
    for port in now.all.iter().filter(|port| !before.all.contains(port)) {
        let (network, interface) = (&port.network, &port.declared.interface);
        match &port.hook {
            Ok(hook) => info!(
                "port {interface} of {network}: {} ({})",
                hook.name(),
                hook.why
            ),
            Err(why) => warn!("port {interface} of {network} does not work: {why}"),
        }
        for notice in &port.notices {
            warn!("port {interface} of {network}: {notice}");
        }
    }
}

fn report_states(before: &States, now: &States) {
    for (id, status) in &now.consents {
        if before.consents.get(id).map(|status| status.state) != Some(status.state) {
            info!("peering {id} is {}: {}", status.state, status.reason);
        }
    }
    for id in before
        .consents
        .keys()
        .filter(|id| !now.consents.contains_key(*id))
    {
        info!("peering {id} is gone");
    }
}
