//! Each network's pair of tries, and the outer maps that lead to them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    maps::{LpmTrie, Map, MapData, MapError, lpm_trie::Key},
};
use ipnet::IpNet;
use peer_common::{Route, limits};

use super::{
    KernelError,
    bpffs::{self, Family},
    inners::Outer,
    maps::{absent_is_fine, key4, key6, v4, v6},
};
use crate::compile::Fib;

type Bytes = [u8; size_of::<Route>()];
type Trie<A> = LpmTrie<MapData, A, Bytes>;

/// `BPF_F_NO_PREALLOC`, which tries must carry.
const NO_PREALLOC: u32 = 1;

/// The tries of all networks.
pub(super) struct Fibs {
    dir: PathBuf,
    outer4: Outer,
    outer6: Outer,
    networks: BTreeMap<u32, Tries>,
}

struct Tries {
    v4: Trie<[u8; 4]>,
    v6: Trie<[u8; 16]>,
}

impl Fibs {
    /// The outer maps of the object, and the tries pinned in `dir`.
    pub(super) fn of(object: &mut Ebpf, dir: &Path) -> Result<Self, KernelError> {
        let mut networks = BTreeMap::new();
        for name in bpffs::names(dir)? {
            let id = name.strip_prefix("fib4_").and_then(|id| id.parse().ok());
            if let Some(id) = id {
                networks.insert(id, Tries::pinned(dir, id)?);
            }
        }
        let fibs = Self {
            dir: dir.to_owned(),
            outer4: Outer::of(object, Family::V4.outer_pin())?,
            outer6: Outer::of(object, Family::V6.outer_pin())?,
            networks,
        };
        // A daemon may have died after making tries and before publishing them.
        fibs.publish(&fibs.networks.keys().copied().collect::<Vec<_>>())?;
        Ok(fibs)
    }

    /// What all tries hold.
    pub(super) fn content(&self) -> Result<BTreeMap<u32, Fib>, KernelError> {
        self.networks
            .iter()
            .map(|(id, tries)| Ok((*id, tries.content()?)))
            .collect()
    }

    /// Make and fill tries for networks that have none, then publish all at once.
    pub(super) fn add(&mut self, fibs: &BTreeMap<u32, Fib>) -> Result<(), KernelError> {
        let mut made = BTreeMap::new();
        for (id, fib) in fibs {
            let mut tries = Tries::create(&self.dir, *id)?;
            for (at, route) in fib {
                tries.put(*at, route)?;
            }
            made.insert(*id, tries);
        }
        self.publish(&made.keys().copied().collect::<Vec<_>>())?;
        self.networks.extend(made);
        Ok(())
    }

    /// Lead the programs to these networks' tries.
    fn publish(&self, ids: &[u32]) -> Result<(), KernelError> {
        for (outer, family) in [(&self.outer4, Family::V4), (&self.outer6, Family::V6)] {
            outer.publish(ids, |id| bpffs::fib(&self.dir, family, id))?;
        }
        Ok(())
    }

    pub(super) fn put(&mut self, id: u32, at: IpNet, route: &Route) -> Result<(), KernelError> {
        self.tries(id)?.put(at, route)
    }

    pub(super) fn remove_route(&mut self, id: u32, at: IpNet) -> Result<(), KernelError> {
        self.tries(id)?.remove(at)
    }

    /// Take the networks' tries out of the outer maps, then drop them.
    pub(super) fn remove(&mut self, ids: &[u32]) -> Result<(), KernelError> {
        for outer in [&self.outer4, &self.outer6] {
            outer.withdraw(ids)?;
        }
        for id in ids {
            self.networks.remove(id);
            for family in [Family::V4, Family::V6] {
                bpffs::remove(&bpffs::fib(&self.dir, family, *id))?;
            }
        }
        Ok(())
    }

    fn tries(&mut self, id: u32) -> Result<&mut Tries, KernelError> {
        let absent = || KernelError::Map {
            map: format!("fib_{id}"),
            reason: "not there".into(),
        };
        self.networks.get_mut(&id).ok_or_else(absent)
    }
}

impl Tries {
    /// New, empty tries, pinned: a trie can be found again only by its pin, since
    /// asking an outer map for it needs CAP_SYS_ADMIN.
    fn create(dir: &Path, id: u32) -> Result<Self, KernelError> {
        for family in [Family::V6, Family::V4] {
            let path = bpffs::fib(dir, family, id);
            bpffs::remove(&path)?;
            let map = |error: MapError| KernelError::map("fib", error);
            let pin = |error| KernelError::map("fib", error);
            match family {
                Family::V4 => Trie::<[u8; 4]>::create(limits::MAX_ROUTES, NO_PREALLOC)
                    .map_err(map)?
                    .pin(path)
                    .map_err(pin)?,
                Family::V6 => Trie::<[u8; 16]>::create(limits::MAX_ROUTES, NO_PREALLOC)
                    .map_err(map)?
                    .pin(path)
                    .map_err(pin)?,
            }
        }
        Self::pinned(dir, id)
    }

    fn pinned(dir: &Path, id: u32) -> Result<Self, KernelError> {
        let open = |family| {
            let path = bpffs::fib(dir, family, id);
            MapData::from_pin(path)
                .and_then(Map::from_map_data)
                .map_err(|error| KernelError::map("fib", error))
        };
        let map = |error: MapError| KernelError::map("fib", error);
        Ok(Self {
            v4: open(Family::V4)?.try_into().map_err(map)?,
            v6: open(Family::V6)?.try_into().map_err(map)?,
        })
    }

    fn content(&self) -> Result<Fib, KernelError> {
        let mut fib = Fib::new();
        let mut add = |at: Option<IpNet>, bytes: Bytes| {
            if let Some(at) = at {
                fib.insert(at, bytemuck::cast(bytes));
            }
        };
        for entry in self.v4.iter() {
            let (key, bytes) = entry.map_err(|error| KernelError::map("fib4", error))?;
            add(v4(&key), bytes);
        }
        for entry in self.v6.iter() {
            let (key, bytes) = entry.map_err(|error| KernelError::map("fib6", error))?;
            add(v6(&key), bytes);
        }
        Ok(fib)
    }

    fn put(&mut self, at: IpNet, route: &Route) -> Result<(), KernelError> {
        let bytes: Bytes = bytemuck::cast(*route);
        match at {
            IpNet::V4(at) => insert(&mut self.v4, &key4(at), bytes),
            IpNet::V6(at) => insert(&mut self.v6, &key6(at), bytes),
        }
    }

    fn remove(&mut self, at: IpNet) -> Result<(), KernelError> {
        match at {
            IpNet::V4(at) => absent_is_fine("fib4", self.v4.remove(&key4(at))),
            IpNet::V6(at) => absent_is_fine("fib6", self.v6.remove(&key6(at))),
        }
    }
}

/// Insert, trying again where the kernel's allocator for tries is momentarily
/// empty: it is filled from another context, and fast updates can outrun it.
fn insert<A: aya::Pod>(trie: &mut Trie<A>, key: &Key<A>, bytes: Bytes) -> Result<(), KernelError> {
    for _ in 0..50 {
        match trie.insert(key, bytes, 0) {
            Err(MapError::SyscallError(error))
                if error.io_error.raw_os_error() == Some(libc::ENOMEM) =>
            {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            other => return other.map_err(|error| KernelError::map("fib", error)),
        }
    }
    trie.insert(key, bytes, 0)
        .map_err(|error| KernelError::map("fib", error))
}
