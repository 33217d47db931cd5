//! Which sources may come in by which port.

use aya::{
    Ebpf,
    maps::{LpmTrie, MapData, MapError, lpm_trie::Key},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{
    KernelError,
    maps::{absent_is_fine, take},
};
use crate::compile::Sources as Content;

/// Bits of the ifindex in front of the address.
const PORT_BITS: u32 = 32;

pub(super) struct Sources {
    v4: LpmTrie<MapData, [u8; 8], u32>,
    v6: LpmTrie<MapData, [u8; 20], u32>,
}

impl Sources {
    pub(super) fn of(object: &mut Ebpf) -> Result<Self, KernelError> {
        Ok(Self {
            v4: take(object, "SOURCES4")?,
            v6: take(object, "SOURCES6")?,
        })
    }

    /// What the maps hold.
    pub(super) fn content(&self) -> Result<Content, KernelError> {
        let mut content = Content::new();
        for entry in self.v4.iter() {
            let (key, may) = entry.map_err(error)?;
            let (index, [a, b, c, d]) = split::<8, 4>(key.data());
            let net = Ipv4Net::new([a, b, c, d].into(), length(key.prefix_len()));
            content.extend(net.map(|net| ((index, IpNet::V4(net)), may != 0)));
        }
        for entry in self.v6.iter() {
            let (key, may) = entry.map_err(error)?;
            let (index, address) = split::<20, 16>(key.data());
            let net = Ipv6Net::new(address.into(), length(key.prefix_len()));
            content.extend(net.map(|net| ((index, IpNet::V6(net)), may != 0)));
        }
        Ok(content)
    }

    pub(super) fn put(&mut self, index: u32, at: IpNet, may: bool) -> Result<(), KernelError> {
        match at {
            IpNet::V4(at) => self.v4.insert(&key4(index, at), u32::from(may), 0),
            IpNet::V6(at) => self.v6.insert(&key6(index, at), u32::from(may), 0),
        }
        .map_err(error)
    }

    pub(super) fn remove(&mut self, index: u32, at: IpNet) -> Result<(), KernelError> {
        let removed = match at {
            IpNet::V4(at) => self.v4.remove(&key4(index, at)),
            IpNet::V6(at) => self.v6.remove(&key6(index, at)),
        };
        absent_is_fine("sources", removed)
    }
}

fn key4(index: u32, at: Ipv4Net) -> Key<[u8; 8]> {
    let length = PORT_BITS + u32::from(at.prefix_len());
    Key::new(length, joined(index, at.network().octets()))
}

fn key6(index: u32, at: Ipv6Net) -> Key<[u8; 20]> {
    let length = PORT_BITS + u32::from(at.prefix_len());
    Key::new(length, joined(index, at.network().octets()))
}

fn joined<const N: usize, const A: usize>(index: u32, address: [u8; A]) -> [u8; N] {
    let mut bytes = index.to_be_bytes().into_iter().chain(address);
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

fn split<const N: usize, const A: usize>(data: [u8; N]) -> (u32, [u8; A]) {
    let mut bytes = data.into_iter();
    let mut next = || bytes.next().unwrap_or_default();
    let index = u32::from_be_bytes(std::array::from_fn(|_| next()));
    (index, std::array::from_fn(|_| next()))
}

fn length(bits: u32) -> u8 {
    u8::try_from(bits.saturating_sub(PORT_BITS)).unwrap_or(u8::MAX)
}

fn error(error: MapError) -> KernelError {
    KernelError::map("sources", error)
}
