//! One look and what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use tracing::{error, info, warn};

use super::{
    config::Config,
    plan::{Declared, Given, Plan, needs, plan, resolve_ports},
    snapshot::{LastApply, Snapshot, lock},
};
use crate::{
    compile::{Compiled, Hook, Ids, Inputs, Needs, Ports, Xdp, recompile},
    host::{HostView, Interface},
    kernel::{Datapath, KernelError},
    lifecycle::{Facts, States, overdue},
    model::{Kind, Mode, Moment, ObjectRef},
    store::{Applied, Key, Store, StoreError, Stored},
};

/// Makes the kernel hold what tables and host demand, look after look.
pub(super) struct Reconciler {
    datapath: Arc<Mutex<Datapath>>,
    store: Arc<Store>,
    /// The facts as they are on disk, which may lag behind.
    kept: Arc<Facts>,
    /// Something of the last look did not get to the disk.
    unstored: bool,
    /// Ports whose programs could not be attached: the interface as it was then,
    /// and why. Tried again when the interface is different or somebody says so.
    failures: Failures,
    /// Ports of mode auto whose drivers claim native XDP and refused it: tried again
    /// only when the interface is different.
    xdp_refused: Failures,
    latest: Snapshot,
    /// What the latest snapshot's content was made as, with which ids.
    compiled: Option<(Ids, Compiled)>,
}

/// What could not be attached, by ifindex: the interface as it was then, and why.
type Failures = BTreeMap<u32, (Interface, String)>;

impl Reconciler {
    pub(super) fn new(
        datapath: Arc<Mutex<Datapath>>,
        store: Arc<Store>,
        facts: Facts,
        config: &Config,
    ) -> Self {
        let facts = Arc::new(facts);
        Self {
            datapath,
            store,
            kept: facts.clone(),
            unstored: false,
            failures: BTreeMap::new(),
            xdp_refused: BTreeMap::new(),
            latest: Snapshot {
                facts,
                quotas: config.quotas.clone(),
                atlas_words: config.atlas.status_words,
                ..Snapshot::default()
            },
            compiled: None,
        }
    }

    /// The outcome of the last look.
    pub(super) fn latest(&self) -> &Snapshot {
        &self.latest
    }

    /// Whether something is not as it should be and worth another try: an attachment,
    /// an apply or a write that failed, an attachment that is no more.
    pub(super) fn wants_another_look(&mut self) -> bool {
        let failed = !self.failures.is_empty()
            || self.unstored
            || !self.latest.host.unmade.is_empty()
            || self.latest.last_apply.error.is_some();
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

    /// What the host has to provide before `declared` can be followed.
    pub(super) fn needs(&self, declared: &Declared, host: &HostView) -> Needs {
        let given = Given {
            host,
            quotas: &self.latest.quotas,
            in_kernel: &BTreeSet::new(),
            now: self.store.clock().now(),
        };
        needs(declared, &self.latest.facts, &given)
    }

    /// Look at `declared` and `host`, and make the kernel follow. Returns when to look
    /// again although nothing changed, in host time.
    pub(super) fn reconcile(&mut self, declared: Declared, mut host: HostView) -> Option<u64> {
        let datapath = self.datapath.clone();
        let mut datapath = lock(&datapath);
        for interface in host.interfaces.values_mut() {
            if datapath.carries_xdp(interface.index) {
                interface.foreign_xdp = None;
            }
        }
        self.xdp_refused
            .retain(|index, (then, _)| is_unchanged(*index, then, &host));
        for (index, (_, why)) in &self.xdp_refused {
            if let Some(interface) = host.interfaces.get_mut(index) {
                interface.xdp_refused = Some(why.clone());
            }
        }
        let known_to_refuse = self.xdp_refused.len();
        let now = self.store.clock().now();
        let in_kernel = self.latest.in_kernel.clone();
        let quotas = self.latest.quotas.clone();
        let given = Given {
            host: &host,
            quotas: &quotas,
            in_kernel: &in_kernel,
            now,
        };
        let (failures, xdp_refused) = (&mut self.failures, &mut self.xdp_refused);
        let mut plan = plan(
            &declared,
            &self.latest.facts,
            &given,
            |table, facts, refused| {
                attach((failures, xdp_refused), &mut datapath, &host, |failures| {
                    resolve_ports(table, facts, refused, &host, failures)
                })
            },
        );
        // What is decided is on disk before it is in force: a restart in between must
        // find who was first.
        let facts = Arc::new(std::mem::take(&mut plan.facts));
        self.unstored = false;
        self.remember(&facts);
        let outcome = self.follow(&mut datapath, &mut plan, &given);
        report_ports(&self.latest.ports, &plan.ports);
        report_states(&self.latest.states, &plan.states);
        self.collect(&plan.states, &facts, &declared, now);
        let deadlines = [
            plan.states.next_change(now),
            declared.stored.next_deadline(now),
            // What refused XDP does without it, from the next look on.
            (self.xdp_refused.len() > known_to_refuse).then_some(now.host),
        ];
        let deadline = deadlines.into_iter().flatten().min();
        let latest = &mut self.latest;
        latest.set_clock(now);
        latest.content = Arc::new(datapath.content().clone());
        latest.table_memory = datapath.memory();
        latest.ids = Arc::new(datapath.registered());
        latest.declared = Arc::new(declared);
        latest.host = Arc::new(host);
        latest.table = Arc::new(plan.table);
        latest.refused = plan.refused;
        latest.ports = Arc::new(plan.ports);
        latest.states = Arc::new(plan.states);
        latest.facts = facts;
        if let Err(reason) = outcome {
            error!("the kernel does not hold what it should: {reason}");
            latest.last_apply = LastApply {
                at: now.wall,
                error: Some(reason.to_string()),
            };
        }
        deadline
    }

    /// Keep the facts. Without a disk peerings still close, and open: seniority and
    /// time are then forgotten by a restart.
    fn remember(&mut self, facts: &Arc<Facts>) {
        if *facts == self.kept {
            return;
        }
        match self.store.keep_facts(&self.kept, facts) {
            Ok(()) => self.kept = facts.clone(),
            Err(error) => {
                self.unstored = true;
                error!("a restart will not know since when peerings are what they are: {error}");
            }
        }
    }

    /// Take back what the API holds of requests that ended and were listed for their
    /// time, and decisions about consents that are no more.
    fn collect(&mut self, states: &States, facts: &Facts, declared: &Declared, now: Moment) {
        let known = |id: &ObjectRef| facts.consents.get(id);
        let collected = self.store.tidy(|stored| {
            for id in overdue(states, now) {
                let Some(key) = collected(declared, id) else {
                    continue;
                };
                // Whoever changed it since asks for something new.
                if stored.objects.get(&key) == declared.stored.objects.get(&key) {
                    stored.objects.remove(&key);
                }
            }
            let rejections = &mut stored.decisions.rejections;
            rejections.retain(|id, rejection| {
                known(id).is_none_or(|known| known.uid == rejection.uid)
                    && facts.consents.contains_key(id)
            });
            let Stored {
                decisions, files, ..
            } = stored;
            // What others declare can be held, but not changed.
            let is_others = |id: &ObjectRef| {
                files.contains_key(&(Kind::Peering, id.clone()))
                    || declared.object_of(id).0 != Kind::Peering
            };
            decisions.holds.retain(is_others);
            // A network of the name that comes later is another Net.
            stored.objects.retain(|(kind, id), _| {
                *kind != Kind::Net || declared.table.networks.contains_key(id)
            });
            let due = |applied: &Applied| applied.confirm_by.is_some_and(|by| by <= now.host);
            let applies = stored.applies.iter().filter(|(_, applied)| due(applied));
            let unconfirmed: Vec<_> = applies.map(|(by, it)| (by.clone(), it.clone())).collect();
            let mut taken_back = Vec::new();
            for (by, applied) in unconfirmed {
                stored.applies.remove(&by);
                taken_back.push((by, stored.take_back(&applied)));
            }
            Ok::<_, StoreError>(taken_back)
        });
        match collected {
            Ok((taken_back, _)) => {
                for (by, kept) in taken_back {
                    warn!("the apply of {by} was not confirmed in time: it was taken back");
                    for (kind, id) in kept {
                        warn!("{kind} {id} was changed since, and stays as it is");
                    }
                }
            }
            Err(error) => {
                self.unstored = true;
                error!("what ended is not forgotten yet: {error}");
            }
        }
    }

    fn follow(
        &mut self,
        datapath: &mut Datapath,
        plan: &mut Plan,
        given: &Given<'_>,
    ) -> Result<(), KernelError> {
        // To be had again only if the kernel follows.
        let made = self.compiled.take();
        datapath.make_sure()?;
        let before = datapath.registered();
        let ids = before.assigned(
            plan.table.networks.keys().cloned(),
            plan.states.counted().cloned(),
            plan.ports.working().map(|(index, ..)| index),
            datapath.content(),
        );
        let inputs = Inputs {
            table: &plan.table,
            ports: &plan.ports,
            host: given.host,
            states: &plan.states,
            ids: &ids,
        };
        let made = made.as_ref();
        let made = made.map(|(ids, compiled)| (self.latest.inputs(ids), compiled));
        let compiled = recompile(inputs, made);
        let wanted = &compiled.table;
        // Ids first: a route must never count for what had its id before. What goes
        // away is forgotten only once no route leads there.
        datapath.register(&ids.with(&before))?;
        let followed = datapath.follow(wanted);
        // What could not be brought into force is closed. The tables of an earlier daemon's
        // programs have it, and consents that ended since: nobody would close those.
        // But a port that is not there passes everything to the stack.
        if datapath.content().ports == wanted.ports {
            datapath.take_over()?;
        }
        let changes = followed?;
        let trunks = wanted.tags.keys().map(|place| place.trunk);
        let attached = wanted.ports.keys().copied().chain(trunks).collect();
        datapath.detach_others(&attached)?;
        datapath.register(&ids)?;
        self.compiled = Some((ids, compiled));

        plan.states.followed();
        let latest = &mut self.latest;
        latest.in_kernel = Arc::new(plan.states.carrying().cloned().collect());
        if changes > 0 {
            info!(changes, "the kernel follows");
            latest.generation += 1;
        }
        if changes > 0 || latest.last_apply.at == 0 || latest.last_apply.error.is_some() {
            latest.last_apply = LastApply {
                at: given.now.wall,
                error: None,
            };
        }
        Ok(())
    }
}

/// Programs onto ports that lack them. A port that cannot have them does not
/// work, and the network may be without a port for it.
fn attach(
    (failures, xdp_refused): (&mut Failures, &mut Failures),
    datapath: &mut Datapath,
    host: &HostView,
    resolve: impl Fn(&BTreeMap<u32, String>) -> Ports,
) -> Ports {
    failures.retain(|index, (then, _)| is_unchanged(*index, then, host));
    let reasons = failures.iter();
    let mut reasons: BTreeMap<u32, String> = reasons
        .map(|(index, (_, why))| (*index, why.clone()))
        .collect();
    let known = reasons.len();
    let ports = resolve(&reasons);
    for (index, port, hook) in ports.working() {
        let Some(interface) = host.interfaces.get(&index) else {
            continue;
        };
        let attached = match interface.stands_for {
            None => datapath.attach(index, &interface.name, hook),
            Some(place) => {
                let trunk = host.interfaces.get(&place.trunk);
                let as_port = ports.at(place.trunk);
                let hook = as_port.and_then(|port| port.hook.as_ref().ok());
                let hook = hook.unwrap_or(&Hook::TRUNK);
                let trunk = trunk.map_or(Ok(()), |trunk| {
                    datapath.attach(trunk.index, &trunk.name, hook)
                });
                trunk.and_then(|()| datapath.attach_stand_in(index, &interface.name))
            }
        };
        if let Err(why) = attached {
            reasons.insert(index, why.clone());
            let by_itself = port.declared.mode == Mode::Auto && hook.xdp == Some(Xdp::Native);
            let failure = (interface.clone(), why);
            if by_itself {
                xdp_refused.insert(index, failure);
            } else {
                failures.insert(index, failure);
            }
        }
    }
    if reasons.len() > known {
        resolve(&reasons)
    } else {
        ports
    }
}

/// Whether nothing happened to an interface that could let an attachment succeed.
fn is_unchanged(index: u32, then: &Interface, host: &HostView) -> bool {
    host.interfaces.get(&index).is_some_and(|now| {
        then.name == now.name && then.foreign_xdp == now.foreign_xdp && then.mtu == now.mtu
    })
}

fn report_ports(before: &Ports, now: &Ports) {
    for port in now.all.iter().filter(|port| !before.all.contains(port)) {
        let (network, interface) = (&port.network, port.declared.label());
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

/// The object that goes when the consent `id` ended and was listed for its time. A
/// document with other entries stays: they have not ended.
fn collected(declared: &Declared, id: &ObjectRef) -> Option<Key> {
    let key = declared.object_of(id);
    let is_whole = matches!(key.0, Kind::Peering | Kind::NetworkPeeringRequest);
    is_whole.then_some(key)
}

fn report_states(before: &States, now: &States) {
    for (id, status) in &now.consents {
        if before.consents.get(id).map(|status| status.state) != Some(status.state) {
            let reason = status.reason.text(|_| true);
            info!("peering {id} is {}: {reason}", status.state);
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
