//! Reading and zeroing the per-CPU counters.

use aya::{
    Ebpf,
    maps::{MapData, MapError, PerCpuArray, PerCpuValues},
    util::nr_cpus,
};
use peer_common::{DropReason, Errors, Traffic};

use super::{KernelError, maps::take};
use crate::{
    compile::Ids,
    telemetry::{Counters, DropCounts},
};

const REASONS: usize = DropReason::ALL.len();

pub(super) struct CounterMaps {
    forwarded: PerCpuArray<MapData, [u64; 2]>,
    network_drops: PerCpuArray<MapData, [u64; REASONS]>,
    peering_drops: PerCpuArray<MapData, [u64; REASONS]>,
    errors: PerCpuArray<MapData, [u64; 2]>,
}

impl CounterMaps {
    pub(super) fn of(object: &mut Ebpf) -> Result<Self, KernelError> {
        Ok(Self {
            forwarded: take(object, "FORWARDED")?,
            network_drops: take(object, "NETWORK_DROPS")?,
            peering_drops: take(object, "PEERING_DROPS")?,
            errors: take(object, "ERRORS")?,
        })
    }

    pub(super) fn read(&self, ids: &Ids) -> Result<Counters, KernelError> {
        let mut counters = Counters::default();
        for (network, id) in &ids.networks {
            let drops = sum(&self.network_drops, "network_drops", *id)?;
            counters
                .network_drops
                .insert(network.clone(), by_reason(drops));
        }
        for pair in ids.peerings.keys() {
            let (smaller, larger) = pair.networks();
            for from in [smaller, larger] {
                let index = ids.counter(pair, from);
                let key = (pair.clone(), from.clone());
                let [packets, bytes] = sum(&self.forwarded, "forwarded", index)?;
                counters
                    .forwarded
                    .insert(key.clone(), Traffic { packets, bytes });
                let drops = sum(&self.peering_drops, "peering_drops", index)?;
                counters.peering_drops.insert(key, by_reason(drops));
            }
        }
        for (index, slot) in &ids.devices {
            let [sent, limited] = sum(&self.errors, "errors", *slot)?;
            counters.errors.insert(*index, Errors { sent, limited });
        }
        Ok(counters)
    }

    /// Start a port's counters at nought: its slot may have been another's.
    pub(super) fn reset_port(&mut self, slot: u32) -> Result<(), KernelError> {
        zero(&mut self.errors, "errors", slot)
    }

    /// Start these networks' and peerings' counters at nought: their ids may have
    /// been somebody else's.
    pub(super) fn reset(&mut self, networks: &[u32], peerings: &[u32]) -> Result<(), KernelError> {
        for id in networks {
            zero(&mut self.network_drops, "network_drops", *id)?;
        }
        for id in peerings {
            for index in [2 * id, 2 * id + 1] {
                zero(&mut self.forwarded, "forwarded", index)?;
                zero(&mut self.peering_drops, "peering_drops", index)?;
            }
        }
        Ok(())
    }
}

fn sum<const N: usize>(
    map: &PerCpuArray<MapData, [u64; N]>,
    name: &str,
    index: u32,
) -> Result<[u64; N], KernelError>
where
    [u64; N]: aya::Pod,
{
    let values = map
        .get(&index, 0)
        .map_err(|error| KernelError::map(name, error))?;
    let mut sum = [0u64; N];
    for cpu in values.iter() {
        for (total, one) in sum.iter_mut().zip(cpu) {
            *total = total.wrapping_add(*one);
        }
    }
    Ok(sum)
}

fn zero<const N: usize>(
    map: &mut PerCpuArray<MapData, [u64; N]>,
    name: &str,
    index: u32,
) -> Result<(), KernelError>
where
    [u64; N]: aya::Pod,
{
    let error = |error: MapError| KernelError::map(name, error);
    let cpus = nr_cpus()
        .map_err(|(what, source)| KernelError::file("read", std::path::Path::new(what), source))?;
    let values = PerCpuValues::try_from(vec![[0u64; N]; cpus]).map_err(|source| {
        KernelError::file("count CPUs for", std::path::Path::new(name), source)
    })?;
    map.set(index, values, 0).map_err(error)
}

fn by_reason(drops: [u64; REASONS]) -> DropCounts {
    DropReason::ALL
        .iter()
        .zip(drops)
        .filter(|(_, packets)| *packets > 0)
        .map(|(reason, packets)| (*reason, packets))
        .collect()
}
