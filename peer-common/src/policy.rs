//! Rules: what one side of a peering may open towards the other.

use bytemuck::{Pod, Zeroable};

/// Rules that one list can hold.
pub const MAX_RULES: usize = 64;

/// IP versions, as [`kind`] has them.
pub mod family {
    /// IPv4.
    pub const V4: u8 = 4;
    /// IPv6.
    pub const V6: u8 = 6;
}

/// Family and protocol in one word, as [`Rule::kind`] has them.
#[inline(always)]
pub const fn kind(family: u8, protocol: u8) -> u16 {
    (family as u16) << 8 | protocol as u16
}

/// An address as two words that hold its octets in network byte order; IPv4 in
/// the first four octets, as in [`Route::gateway`](crate::Route::gateway).
pub type Words = [u64; 2];

/// The words of an address.
#[inline(always)]
pub const fn words(a: [u8; 16]) -> Words {
    [
        u64::from_ne_bytes([a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]]),
        u64::from_ne_bytes([a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]]),
    ]
}

/// One rule: everything it names has to fit a packet. Masks make nought of what
/// it does not name, so that one comparison is the same for every rule.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
pub struct Rule {
    /// First destination port. A packet without ports has all of them, and so fits
    /// only rules that name none.
    pub first_port: u16,
    /// Last destination port.
    pub last_port: u16,
    /// See [`kind`].
    pub kind: u16,
    /// Bits of `kind` that count.
    pub kind_mask: u16,
    /// Source prefix.
    pub from: Words,
    /// Bits of the source that count.
    pub from_mask: Words,
    /// Destination prefix.
    pub to: Words,
    /// Bits of the destination that count.
    pub to_mask: Words,
}

impl Rule {
    /// Whether it names ports.
    #[inline(always)]
    pub const fn names_ports(&self) -> bool {
        self.first_port > 0 || self.last_port < u16::MAX
    }
}

/// A list of rules: what one of them fits is permitted, all else is not.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Rules {
    /// Rules in use, or [`Rules::ABSENT`].
    pub count: u32,
    /// Zero.
    pub reserved: u32,
    /// The rules; zero behind the last.
    pub rules: [Rule; MAX_RULES],
}

impl Rules {
    /// The count of a list that is not given: everything is permitted.
    pub const ABSENT: u32 = u32::MAX;
}

/// Value of the only element of a map in `POLICIES`, by a route's counter: what may
/// be opened in this direction of a peering.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Policy {
    /// Differs from that of every policy that was here before. Flows opened under
    /// another are judged anew.
    pub generation: u64,
    /// The receiver's `allow`.
    pub allow: Rules,
    /// The sender's `allowOut`.
    pub allow_out: Rules,
}
