//! The rules of each direction of a peering that has any, and its flows.
//!
//! A change of rules is one new map in the place of the old one, of another
//! generation, so that flows opened under the old rules are judged anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    maps::{Array, Map, MapData},
};
use bytemuck::Zeroable as _;
use peer_common::{self as abi, Flow, FlowKey, MAX_RULES, limits};

use super::{KernelError, bpffs, inners::Outer};
use crate::compile::Policy;

type Bytes = [u8; size_of::<abi::Policy>()];

/// `BPF_MAP_TYPE_LRU_HASH`, which aya has no constructor for.
const LRU_HASH: u32 = 9;

pub(super) struct Policies {
    dir: PathBuf,
    policies: Outer,
    flows: Outer,
    /// Counters with rules.
    known: BTreeSet<u32>,
    /// The highest generation there is.
    generation: u64,
}

impl Policies {
    /// The outer maps of the object, and what is pinned in `dir`.
    pub(super) fn of(object: &mut Ebpf, dir: &Path) -> Result<Self, KernelError> {
        let mut found = Self {
            dir: dir.to_owned(),
            policies: Outer::of(object, "policies")?,
            flows: Outer::of(object, "flows")?,
            known: BTreeSet::new(),
            generation: 0,
        };
        let names = bpffs::names(dir)?;
        let ids = |prefix: &str| -> BTreeSet<u32> {
            let numbers = names.iter().filter_map(|name| name.strip_prefix(prefix));
            numbers.filter_map(|id| id.parse().ok()).collect()
        };
        let flows = ids("flows_");
        // A daemon may have died anywhere in between: rules without flows are put anew,
        // and flows without rules are nobody's.
        found.known = ids("policy_");
        found.known.retain(|counter| flows.contains(&(counter / 2)));
        for counter in &found.known {
            found.generation = found.generation.max(found.read(*counter)?.generation);
        }
        let peerings = found.peerings();
        for id in flows.difference(&peerings) {
            bpffs::remove(&found.flows_pin(*id))?;
        }
        found.publish_flows(peerings)?;
        found.publish(found.known.iter().copied().collect())?;
        Ok(found)
    }

    /// What the maps hold.
    pub(super) fn content(&self) -> Result<BTreeMap<u32, Policy>, KernelError> {
        let policy = |counter: &u32| Ok((*counter, decoded(&self.read(*counter)?)));
        self.known.iter().map(policy).collect()
    }

    /// Put rules in force, with room for flows where there was none. A direction whose
    /// rules cannot be put is closed: the old ones may permit too much.
    pub(super) fn put(&mut self, policies: &BTreeMap<u32, Policy>) -> Result<(), KernelError> {
        let known = self.peerings();
        let wanted: BTreeSet<u32> = policies.keys().map(|counter| counter / 2).collect();
        let mut failed = Ok(());
        let mut flows = BTreeSet::new();
        for id in wanted.difference(&known) {
            match self.create_flows(*id) {
                Ok(()) => _ = flows.insert(*id),
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        self.publish_flows(flows)?;
        let mut made = Vec::new();
        for (counter, policy) in policies {
            match self.create(*counter, policy) {
                Ok(()) => made.push(*counter),
                Err(error) => {
                    self.known.remove(counter);
                    let withdrawn = self.policies.withdraw(&[*counter]);
                    failed = failed.and(Err::<(), _>(error)).and(withdrawn);
                }
            }
        }
        self.publish(made.clone())?;
        self.known.extend(made);
        failed
    }

    /// Take rules out of force, and drop the flows of peerings that have none left.
    pub(super) fn remove(&mut self, counters: &[u32]) -> Result<(), KernelError> {
        let before = self.peerings();
        self.policies.withdraw(counters)?;
        for counter in counters {
            bpffs::remove(&self.policy_pin(*counter))?;
            self.known.remove(counter);
        }
        let gone: Vec<u32> = before.difference(&self.peerings()).copied().collect();
        self.flows.withdraw(&gone)?;
        for id in gone {
            bpffs::remove(&self.flows_pin(id))?;
        }
        Ok(())
    }

    fn peerings(&self) -> BTreeSet<u32> {
        self.known.iter().map(|counter| counter / 2).collect()
    }

    fn policy_pin(&self, counter: u32) -> PathBuf {
        self.dir.join(format!("policy_{counter}"))
    }

    fn flows_pin(&self, peering: u32) -> PathBuf {
        self.dir.join(format!("flows_{peering}"))
    }

    fn publish(&self, counters: Vec<u32>) -> Result<(), KernelError> {
        self.policies.publish(&counters, |id| self.policy_pin(id))
    }

    fn publish_flows(&self, peerings: BTreeSet<u32>) -> Result<(), KernelError> {
        let peerings: Vec<u32> = peerings.into_iter().collect();
        self.flows.publish(&peerings, |id| self.flows_pin(id))
    }

    /// A new map with these rules and the next generation, in the pin's place.
    fn create(&mut self, counter: u32, policy: &Policy) -> Result<(), KernelError> {
        self.generation += 1;
        let bytes: Bytes = bytemuck::cast(encoded(policy, self.generation));
        let mut map: Array<MapData, Bytes> = Array::create(1, 0).map_err(policy_error)?;
        map.set(0, bytes, 0).map_err(policy_error)?;
        let pin = self.policy_pin(counter);
        bpffs::remove(&pin)?;
        map.pin(pin).map_err(policy_error)
    }

    /// A new map without flows, in the pin's place.
    fn create_flows(&self, peering: u32) -> Result<(), KernelError> {
        let error = |error| KernelError::map("flows", error);
        let shape = aya_obj::Map::new_from_params(
            LRU_HASH,
            size_of::<FlowKey>() as u32,
            size_of::<Flow>() as u32,
            limits::MAX_FLOWS,
            0,
        );
        let map = MapData::create(shape, "flows", None).map_err(error)?;
        let pin = self.flows_pin(peering);
        bpffs::remove(&pin)?;
        map.pin(pin)
            .map_err(|error| KernelError::map("flows", error))
    }

    fn read(&self, counter: u32) -> Result<abi::Policy, KernelError> {
        let map: Array<_, Bytes> = MapData::from_pin(self.policy_pin(counter))
            .and_then(Map::from_map_data)
            .and_then(TryInto::try_into)
            .map_err(policy_error)?;
        let bytes = map.get(&0, 0).map_err(policy_error)?;
        Ok(bytemuck::pod_read_unaligned(&bytes))
    }
}

fn policy_error(error: impl std::error::Error) -> KernelError {
    KernelError::map("policy", error)
}

fn encoded(policy: &Policy, generation: u64) -> abi::Policy {
    abi::Policy {
        generation,
        allow: encoded_list(policy.allow.as_deref()),
        allow_out: encoded_list(policy.allow_out.as_deref()),
    }
}

/// What does not fit permits nothing: lists that long are refused before.
fn encoded_list(rules: Option<&[abi::Rule]>) -> abi::Rules {
    let mut list = abi::Rules::zeroed();
    match rules {
        None => list.count = abi::Rules::ABSENT,
        Some(rules) => {
            list.count = rules.len().min(MAX_RULES) as u32;
            for (place, rule) in list.rules.iter_mut().zip(rules) {
                *place = *rule;
            }
        }
    }
    list
}

fn decoded(policy: &abi::Policy) -> Policy {
    let list = |list: &abi::Rules| {
        let rules = list.rules.iter().take(list.count as usize).copied();
        (list.count != abi::Rules::ABSENT).then(|| rules.collect())
    };
    Policy {
        allow: list(&policy.allow),
        allow_out: list(&policy.allow_out),
    }
}
