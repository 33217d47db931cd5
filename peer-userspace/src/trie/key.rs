//! Prefixes as numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use peer_common::trie::{LEVELS4, LEVELS6};

/// How long the keys of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// 32 bits.
    V4,
    /// 128 bits.
    V6,
}

impl Family {
    /// Of a prefix.
    pub fn of(prefix: &IpNet) -> Self {
        match prefix {
            IpNet::V4(_) => Self::V4,
            IpNet::V6(_) => Self::V6,
        }
    }

    /// Bits of a whole key.
    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// Nodes that the programs walk.
    pub(super) const fn levels(self) -> usize {
        match self {
            Self::V4 => LEVELS4,
            Self::V6 => LEVELS6,
        }
    }
}

/// A prefix: its first bit is the number's highest, whatever the family. What covers a
/// prefix sorts before it, and what lies in between lies inside the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The bits; nought behind `length`.
    pub(super) bits: u128,
    /// How many count.
    pub(super) length: u8,
}

impl Key {
    /// The number that [`Key::exact`] was given.
    pub fn number(self) -> u32 {
        (self.bits >> 96) as u32
    }

    /// The prefix of this family, if it is one.
    pub fn prefix(self, family: Family) -> Option<IpNet> {
        let address: IpAddr = match family {
            Family::V4 => Ipv4Addr::from_bits((self.bits >> 96) as u32).into(),
            Family::V6 => Ipv6Addr::from_bits(self.bits).into(),
        };
        IpNet::new(address, self.length).ok()
    }

    /// What covers everything.
    pub(super) const ALL: Self = Self { bits: 0, length: 0 };

    /// The key of 32 bits for this number alone.
    pub fn exact(number: u32) -> Self {
        Self {
            bits: u128::from(number) << 96,
            length: 32,
        }
    }

    /// The two prefixes that are one bit longer.
    pub(super) fn halves(self) -> [Self; 2] {
        let length = self.length + 1;
        let upper = self.bits | 1 << (128 - u32::from(length));
        [self.bits, upper].map(|bits| Self { bits, length })
    }

    /// The prefix of `length` bits that holds `bits`.
    pub(super) fn new(bits: u128, length: u8) -> Self {
        Self {
            bits: bits & mask(length),
            length,
        }
    }

    /// Whether all of `other` lies in it.
    pub(super) fn covers(self, other: Self) -> bool {
        self.length <= other.length && (self.bits ^ other.bits) & mask(self.length) == 0
    }

    /// The last key of a map that can lie in it.
    pub(super) fn last(self) -> Self {
        Self {
            bits: self.bits | !mask(self.length),
            length: 128,
        }
    }

    /// How many first bits two prefixes share.
    pub(super) fn common(self, other: Self) -> u8 {
        // At most 128.
        let differing = (self.bits ^ other.bits).leading_zeros() as u8;
        differing.min(self.length).min(other.length)
    }
}

impl From<IpNet> for Key {
    fn from(prefix: IpNet) -> Self {
        let bits = match prefix.network() {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        Self::new(bits, prefix.prefix_len())
    }
}

/// The first `length` bits.
pub(super) fn mask(length: u8) -> u128 {
    match length {
        0 => 0,
        _ => u128::MAX << (128 - u32::from(length)),
    }
}
