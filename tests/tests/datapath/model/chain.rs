//! What stands between an IP header and what the packet carries: IPv4 options, IPv6
//! extension headers. Reads as far as there are bytes, and judges source routes.

use peer_common::DropReason;

/// Extension headers that are looked behind.
const MOST: usize = 8;

/// An IPv6 packet's extension headers, and what follows them.
pub(super) struct Chain<'a> {
    /// Their types, and the bytes from their first one on to the packet's end.
    pub(super) headers: Vec<(u8, &'a [u8])>,
    pub(super) protocol: u8,
    pub(super) body: &'a [u8],
}

/// Follow an IPv6 packet's headers: to the last one, to a later fragment, to the
/// packet's end, or as many as are looked behind.
pub(super) fn chain(packet: &[u8]) -> Chain<'_> {
    let mut chain = Chain {
        headers: Vec::new(),
        protocol: packet[6],
        body: &packet[40..],
    };
    while chain.headers.len() < MOST && !chain.ends_in_a_later_fragment() && chain.goes_on() {
        let (kind, header) = (chain.protocol, chain.body);
        let counted = usize::from(header[1]);
        let length = match kind {
            51 => 4 * (counted + 2),
            44 => 8,
            _ => 8 * (counted + 1),
        };
        chain.headers.push((kind, header));
        chain.protocol = header[0];
        chain.body = header.get(length..).unwrap_or_default();
    }
    chain
}

impl Chain<'_> {
    /// Whether another header is there to be looked behind.
    fn goes_on(&self) -> bool {
        self.names_another() && self.body.len() >= 8
    }

    fn names_another(&self) -> bool {
        matches!(self.protocol, 0 | 43 | 44 | 51 | 60)
    }

    /// The identification of a fragment, and whether it is a first one. One header that
    /// says so is enough, and the last identification counts.
    pub(super) fn fragment(&self) -> Option<(u32, bool)> {
        let headers = self.headers.iter().filter(|(kind, _)| *kind == 44);
        let headers = headers.map(|(_, header)| {
            let bits = u16::from_be_bytes([header[2], header[3]]);
            let id = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
            (id, bits)
        });
        let headers: Vec<(u32, u16)> = headers.collect();
        let fragments = headers.iter().any(|(_, bits)| bits & 0xfff9 != 0);
        let (id, last) = *headers.last()?;
        fragments.then_some((id, last >> 3 == 0))
    }

    pub(super) fn ends_in_a_later_fragment(&self) -> bool {
        matches!(self.fragment(), Some((_, false)))
    }

    /// Why not to forward such a packet (RFC 5095: no routing header of type 0).
    pub(super) fn refused(&self) -> Option<DropReason> {
        let is_routed =
            |(kind, header): &(u8, &[u8])| *kind == 43 && header[2] == 0 && header[3] > 0;
        if self.headers.iter().any(is_routed) {
            return Some(DropReason::SourceRoute);
        }
        let walked_all = self.headers.len() == MOST && !self.ends_in_a_later_fragment();
        let endless = walked_all && self.names_another();
        endless.then_some(DropReason::Malformed)
    }
}

/// Why not to forward a packet with these IPv4 options (RFC 791 section 3.1).
pub(super) fn options_refused(mut options: &[u8]) -> Option<DropReason> {
    while let Some(kind) = options.first() {
        let length = match kind {
            0 => return None,
            131 | 137 => return Some(DropReason::SourceRoute),
            1 => 1,
            _ => options
                .get(1)
                .map_or(0, |length| usize::from(*length).max(1)),
        };
        let broken = *kind != 1 && length < 2 || length > options.len();
        if broken {
            return Some(DropReason::Malformed);
        }
        options = &options[length..];
    }
    None
}
