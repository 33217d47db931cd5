//! What became of a frame: what came out at green, and what came back to blue.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::packet::{ETHERNET, ICMP, ICMPV6, checksum};

/// All that a router did with one frame.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether green's link was asked who has the packet's destination.
    asked: bool,
    /// Frames that came out at green, whole.
    forwarded: Vec<Vec<u8>>,
    /// ICMP errors that came back to blue.
    pub(crate) errors: Vec<Error>,
    /// Whatever else came back.
    returned: Vec<Vec<u8>>,
}

/// An ICMP error with right checksums. Of the headers it came in only the addresses
/// count: the rest is each router's own choice.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Error {
    from: IpAddr,
    to: IpAddr,
    kind: u8,
    code: u8,
    /// The word that holds an MTU or a pointer.
    word: u32,
    quote: Vec<u8>,
}

impl Outcome {
    /// Of `sent`, from what arrived at green and at blue afterwards.
    pub(crate) fn of(sent: &[u8], there: Vec<Vec<u8>>, back: Vec<Vec<u8>>) -> Self {
        let mut outcome = Self {
            asked: there.iter().any(|frame| asks_for_destination(frame, sent)),
            forwarded: there,
            errors: Vec::new(),
            returned: Vec::new(),
        };
        outcome.forwarded.retain(|frame| !is_chatter(frame));
        for frame in back.into_iter().filter(|frame| !is_chatter(frame)) {
            match Error::parse(&frame) {
                Some(error) => outcome.errors.push(error),
                None => outcome.returned.push(frame),
            }
        }
        outcome
    }

    /// Where the bytes of two outcomes first part, in words.
    pub(crate) fn parting(&self, other: &Self) -> Option<String> {
        let mut pairs = self.pieces().zip(other.pieces());
        let at = pairs.find_map(|(one, other)| first_difference(one, other))?;
        Some(format!("  they part at byte {at}\n"))
    }

    /// All bytes that are compared.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let quotes = self.errors.iter().map(|error| &error.quote);
        let frames = self.forwarded.iter().chain(&self.returned);
        frames.chain(quotes).map(Vec::as_slice)
    }

    /// What was done with `sent`, in words.
    pub(crate) fn words(&self, sent: &[u8]) -> String {
        let mut done = match &self.forwarded[..] {
            [] if self.asked => "asks its link for the destination".to_owned(),
            [] if self.returned.is_empty() => "drops it".to_owned(),
            [] => "sends it back".to_owned(),
            [one] => {
                let (was, is) = (constant_part(sent), constant_part(one));
                if was == is {
                    "forwards it".to_owned()
                } else if was.starts_with(&is) {
                    "forwards it without what follows the packet".to_owned()
                } else {
                    "forwards it rewritten".to_owned()
                }
            }
            pieces => format!("forwards it in {} pieces", pieces.len()),
        };
        for error in &self.errors {
            done += &format!(", answers {}", error.name());
        }
        done
    }
}

/// Where two runs of bytes part that should be the same.
fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let common = one.iter().zip(other).position(|(one, other)| one != other);
    let shorter = one.len().min(other.len());
    common.or((one.len() != other.len()).then_some(shorter))
}

/// What the router's kernel says to a whole link: ARP, and IPv6 from its link-local
/// address or none, such as neighbour solicitations and group memberships.
fn is_chatter(frame: &[u8]) -> bool {
    let to_group = frame[0] & 1 == 1;
    match frame[12..ETHERNET] {
        [0x08, 0x06] => to_group,
        [0x86, 0xdd] => to_group && matches!(frame[22], 0xfe | 0),
        _ => false,
    }
}

/// Whether a frame is an ARP request or a neighbour solicitation for the address a
/// packet goes to.
fn asks_for_destination(frame: &[u8], sent: &[u8]) -> bool {
    let (asked, wanted) = match frame[12..ETHERNET] {
        [0x08, 0x06] => (frame.get(38..42), sent.get(30..34)),
        [0x86, 0xdd] if frame.get(54) == Some(&135) => (frame.get(62..78), sent.get(38..54)),
        _ => return false,
    };
    asked.is_some() && asked == wanted
}

/// A frame without what every hop changes: MACs, TTL and IPv4's checksum.
fn constant_part(frame: &[u8]) -> Vec<u8> {
    let changed: &[usize] = match frame.get(ETHERNET) {
        Some(first) if first >> 4 == 4 => &[8, 10, 11],
        _ => &[7],
    };
    let mut rest = frame[12..].to_vec();
    for at in changed {
        if let Some(byte) = rest.get_mut(2 + at) {
            *byte = 0;
        }
    }
    rest
}

impl Error {
    fn parse(frame: &[u8]) -> Option<Self> {
        let ip = frame.get(ETHERNET..)?;
        match frame[12..ETHERNET] {
            [0x08, 0x00] => Self::parse4(ip),
            [0x86, 0xdd] => Self::parse6(ip),
            _ => None,
        }
    }

    /// RFC 792.
    fn parse4(ip: &[u8]) -> Option<Self> {
        let (header, rest) = ip.split_at_checked(usize::from(ip.first()? & 0x0f) * 4)?;
        let length = usize::from(u16::from_be_bytes([*header.get(2)?, *header.get(3)?]));
        let icmp = rest.get(..length.checked_sub(header.len())?)?;
        let is_right = checksum(header) == 0 && checksum(icmp) == 0;
        let is_error = matches!(icmp.first()?, 3 | 4 | 5 | 11 | 12);
        if header[9] != ICMP || !is_error || !is_right {
            return None;
        }
        let address = |at: usize| Some(Ipv4Addr::from(*header[at..].first_chunk::<4>()?).into());
        Self::read(address(12)?, address(16)?, icmp)
    }

    /// RFC 4443, and the redirect of RFC 4861.
    fn parse6(ip: &[u8]) -> Option<Self> {
        let (header, rest) = ip.split_at_checked(40)?;
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let icmp = rest.get(..length)?;
        let pseudo = [
            &header[8..40],
            &(length as u32).to_be_bytes(),
            &[0, 0, 0, ICMPV6],
            icmp,
        ];
        let is_error = matches!(icmp.first()?, 0..128 | 137);
        if header[6] != ICMPV6 || !is_error || checksum(&pseudo.concat()) != 0 {
            return None;
        }
        let address = |at: usize| Some(Ipv6Addr::from(*header[at..].first_chunk::<16>()?).into());
        Self::read(address(8)?, address(24)?, icmp)
    }

    fn read(from: IpAddr, to: IpAddr, icmp: &[u8]) -> Option<Self> {
        let (head, quote) = icmp.split_at_checked(8)?;
        Some(Self {
            from,
            to,
            kind: head[0],
            code: head[1],
            word: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            quote: quote.to_vec(),
        })
    }

    fn name(&self) -> String {
        match (self.from, self.kind, self.code) {
            (IpAddr::V4(_), 3, 0) | (IpAddr::V6(_), 1, 0) => "no route".to_owned(),
            (IpAddr::V4(_), 3, 1) | (IpAddr::V6(_), 1, 3) => "host unreachable".to_owned(),
            (IpAddr::V4(_), 3, 3) | (IpAddr::V6(_), 1, 4) => "port unreachable".to_owned(),
            (IpAddr::V4(_), 3, 4) => format!("fragmentation needed ({})", self.word & 0xffff),
            (IpAddr::V6(_), 1, 2) => "beyond scope of source".to_owned(),
            (IpAddr::V6(_), 2, 0) => format!("packet too big ({})", self.word),
            (IpAddr::V4(_), 5, _) | (IpAddr::V6(_), 137, _) => "redirect".to_owned(),
            (IpAddr::V4(_), 11, 0) | (IpAddr::V6(_), 3, 0) => "time exceeded".to_owned(),
            (IpAddr::V4(_), 12, _) | (IpAddr::V6(_), 4, _) => "parameter problem".to_owned(),
            (_, kind, code) => format!("ICMP {kind}/{code}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.asked {
            writeln!(f, "      asks for the destination")?;
        }
        for frame in &self.forwarded {
            writeln!(f, "      out {}", hex(frame))?;
        }
        for error in &self.errors {
            let Error {
                from,
                to,
                word,
                quote,
                ..
            } = error;
            let name = error.name();
            writeln!(
                f,
                "      {name} from {from} to {to}, {word:#010x}, quotes {}",
                hex(quote)
            )?;
        }
        for frame in &self.returned {
            writeln!(f, "      back {}", hex(frame))?;
        }
        Ok(())
    }
}

/// The beginning of something, as much as there are headers.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 110;
    let digits: String = bytes
        .iter()
        .take(SHOWN)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{} bytes {digits}{more}", bytes.len())
}
