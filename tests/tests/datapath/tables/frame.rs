//! From layers to bytes: Ethernet, VLAN tag, ARP and the IP headers. All lengths and
//! checksums are right unless a layer says otherwise.

use std::net::IpAddr;

use super::{
    inside::{Inside, protocol_number},
    notation::{Layer, Read, Said, hex, layers, number},
    options, words,
};
use crate::datapath::{
    checksum,
    packet::ETHERNET,
    places::{FAMILIES, Places, V4, V6},
    world::{HOST, Port},
};

/// A frame, and how many bytes of it are the IP packet's own.
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) ip_bytes: usize,
}

impl Frame {
    /// The IP packet, without what pads the frame.
    pub(super) fn packet(&self) -> &[u8] {
        &self.bytes[ETHERNET..ETHERNET + self.ip_bytes]
    }

    /// Only as much as the IP header claims.
    pub(super) fn unpadded(mut self) -> Read<Self> {
        let field = |at| usize::from(u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]]));
        let claimed = match self.bytes[12..14] {
            [0x08, 0x00] => field(ETHERNET + 2),
            _ => 40 + field(ETHERNET + 4),
        };
        if ETHERNET + claimed >= self.bytes.len() {
            return Err("there is nothing behind what is to be `unpadded`".into());
        }
        self.bytes.truncate(ETHERNET + claimed);
        self.ip_bytes = claimed;
        Ok(self)
    }
}

/// Layers with an Ethernet header in front; `eth` need not be written.
pub(super) fn read(text: &str) -> Read<Vec<Layer>> {
    let mut layers = layers(text)?;
    if layers[0].name != "eth" {
        layers.insert(0, Layer::new("eth"));
    }
    Ok(layers)
}

/// What an IPv6 header has no field for.
const ONLY_IPV4: [&str; 8] = [
    "id", "df", "mf", "rf", "offset", "ihl", "checksum", "options",
];

/// The families in which these layers make a packet: that of the addresses written
/// out and of fields that only one has, else both; one will do where there is no IP.
pub(super) fn families(layers: &[Layer]) -> Read<Vec<&'static Places>> {
    let mut both = FAMILIES.iter().collect::<Vec<_>>();
    let mut has_ip = false;
    for layer in layers {
        let says = |keys: &[&str]| keys.iter().any(|key| layer.get(key).is_some());
        let named = match layer.name.as_str() {
            "ip" if says(&ONLY_IPV4) => Some(&V4),
            "ip" if says(&["flow"]) => Some(&V6),
            "ipv4" | "arp" | "icmp" => Some(&V4),
            "ipv6" | "icmpv6" | "solicitation" | "advertisement" => Some(&V6),
            "hop-by-hop" | "destination-options" | "routing" | "fragment" => Some(&V6),
            _ => None,
        };
        has_ip |= layer.name == "ip" || named.is_some();
        let ends = ["src", "dst"].map(|end| layer.get(end).and_then(words::family));
        for family in ends.into_iter().chain([named]).flatten() {
            both.retain(|at| at.family == family.family);
        }
    }
    if both.is_empty() {
        return Err("a packet of two families".into());
    }
    if !has_ip {
        both.truncate(1);
    }
    Ok(both)
}

/// Where a frame is made, and what it may refer to.
pub(super) struct Bench<'a> {
    pub(super) at: &'a Places,
    /// The port that frames are sent to unless they say otherwise.
    pub(super) port: Port,
    /// The IP packet that `quote` quotes.
    pub(super) quoted: Option<&'a [u8]>,
}

impl Bench<'_> {
    /// What the layers come to.
    pub(super) fn frame(&self, layers: &[Layer]) -> Read<Frame> {
        let is_behind = |layer: &Layer| matches!(layer.name.as_str(), "pad" | "raw");
        let end = layers.iter().position(is_behind).unwrap_or(layers.len());
        let (layers, behind) = layers.split_at(end);
        let (ethernet, rest) = layers.split_first().ok_or("no layers")?;
        let (kind, body) = self.network(rest)?;
        let mut said = ethernet.said();
        let mac = |text: Option<&str>, default| text.map_or(Ok(default), words::mac);
        let mut bytes = mac(said.text("dst"), self.port.mac)?.to_vec();
        bytes.extend(mac(said.text("src"), HOST)?);
        bytes.extend(ether_type(&mut said, kind)?);
        said.done()?;
        let ip_bytes = body.len();
        bytes.extend(body);
        for layer in behind {
            put_behind(layer, &mut bytes)?;
        }
        Ok(Frame { bytes, ip_bytes })
    }

    /// What Ethernet carries: its type, if that is known, and the bytes.
    fn network(&self, layers: &[Layer]) -> Read<(Option<u16>, Vec<u8>)> {
        let Some((layer, rest)) = layers.split_first() else {
            return Ok((None, Vec::new()));
        };
        match layer.name.as_str() {
            "vlan" => {
                let (kind, body) = self.network(rest)?;
                let mut said = layer.said();
                let id: u16 = said.number("id")?.unwrap_or(0);
                let priority: u16 = said.number("priority")?.unwrap_or(0);
                let mut tag = (priority << 13 | id).to_be_bytes().to_vec();
                tag.extend(ether_type(&mut said, kind)?);
                said.done()?;
                Ok((Some(0x8100), [tag, body].concat()))
            }
            "arp" if rest.is_empty() => Ok((Some(0x0806), self.arp(layer)?)),
            "ip" | "ipv4" | "ipv6" => self.ip(layer, rest),
            "text" | "hex" | "bytes" => {
                let nowhere = IpAddr::from([0; 4]);
                let inside = Inside::between(nowhere, nowhere, None);
                Ok((None, inside.build(layers, 0)?.1))
            }
            unknown => Err(format!("`{unknown}` in an Ethernet frame")),
        }
    }

    /// RFC 826, by its names of the fields.
    fn arp(&self, layer: &Layer) -> Read<Vec<u8>> {
        let mut said = layer.said();
        let operation = if said.flag("request") { 1 } else { 2 };
        if operation == 2 && !said.flag("reply") {
            return Err("`arp` is neither `request` nor `reply`".into());
        }
        let mut bytes = vec![0, 1];
        let kind: u16 = said.number("pro")?.unwrap_or(0x0800);
        bytes.extend(kind.to_be_bytes());
        let hln: u8 = said.number("hln")?.unwrap_or(6);
        let pln: u8 = said.number("pln")?.unwrap_or(4);
        bytes.extend([hln, pln, 0, operation]);
        bytes.extend(HOST);
        bytes.extend(octets(words::address(
            said.text("spa").unwrap_or("host"),
            self.at,
        )?));
        bytes.extend([0; 6]);
        bytes.extend(octets(words::address(said.must("tpa")?, self.at)?));
        said.done()?;
        Ok(bytes)
    }

    fn ip(&self, layer: &Layer, rest: &[Layer]) -> Read<(Option<u16>, Vec<u8>)> {
        let mut said = layer.said();
        let source = words::address(said.must("src")?, self.at)?;
        let destination = words::address(said.must("dst")?, self.at)?;
        let inside = Inside::between(source, destination, self.quoted);
        let (kind, packet) = match (source, destination) {
            (IpAddr::V4(_), IpAddr::V4(_)) => (0x0800, self.ipv4(&mut said, &inside, rest)?),
            (IpAddr::V6(_), IpAddr::V6(_)) => (0x86dd, ipv6(&mut said, &inside, rest)?),
            _ => return Err("a packet of two families".into()),
        };
        said.done()?;
        Ok((Some(kind), packet))
    }

    /// RFC 791 section 3.1.
    fn ipv4(&self, said: &mut Said<'_>, inside: &Inside<'_>, rest: &[Layer]) -> Read<Vec<u8>> {
        let options = match said.text("options") {
            Some(text) => options::ipv4(text, self.at)?,
            None => Vec::new(),
        };
        let length = 20 + options.len();
        let (protocol, body) = inside.build(rest, length)?;
        let protocol = protocol_number(said, "protocol", protocol)?;
        let version: u8 = said.number("version")?.unwrap_or(4);
        let words: u8 = said.number("ihl")?.unwrap_or(length as u8 / 4);
        let total: Option<u16> = said.number("length")?;
        let total = total.unwrap_or((length + body.len()) as u16);
        let mut fragment: u16 = said.number("offset")?.unwrap_or(0);
        for (flag, bit) in [("rf", 0x8000), ("df", 0x4000), ("mf", 0x2000)] {
            fragment |= if said.flag(flag) { bit } else { 0 };
        }
        let mut header = vec![version << 4 | words, said.number("tos")?.unwrap_or(0)];
        header.extend(total.to_be_bytes());
        header.extend(said.number::<u16>("id")?.unwrap_or(0).to_be_bytes());
        header.extend(fragment.to_be_bytes());
        header.extend([said.number("ttl")?.unwrap_or(64), protocol, 0, 0]);
        header.extend(octets(inside.source));
        header.extend(octets(inside.destination));
        header.extend(options);
        let sum = checksum::internet(&header);
        let sum = match said
            .text("checksum")
            .map(|text| (text.strip_prefix('+'), text))
        {
            None => sum,
            Some((Some(by), _)) => sum.wrapping_add(number(by)?),
            Some((None, text)) => number(text)?,
        };
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        Ok([header, body].concat())
    }
}

/// RFC 8200 section 3.
fn ipv6(said: &mut Said<'_>, inside: &Inside<'_>, rest: &[Layer]) -> Read<Vec<u8>> {
    let (protocol, body) = inside.build(rest, 40)?;
    let protocol = protocol_number(said, "protocol", protocol)?;
    let version: u32 = said.number("version")?.unwrap_or(6);
    let class: u8 = said.number("tos")?.unwrap_or(0);
    let flow: u32 = said.number("flow")?.unwrap_or(0);
    let payload: Option<u16> = said.number("length")?;
    let mut header = (version << 28 | u32::from(class) << 20 | flow)
        .to_be_bytes()
        .to_vec();
    header.extend(payload.unwrap_or(body.len() as u16).to_be_bytes());
    header.extend([protocol, said.number("ttl")?.unwrap_or(64)]);
    header.extend(octets(inside.source));
    header.extend(octets(inside.destination));
    Ok([header, body].concat())
}

pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn ether_type(said: &mut Said<'_>, known: Option<u16>) -> Read<[u8; 2]> {
    let kind = said.number("type")?.or(known);
    Ok(kind
        .ok_or("an Ethernet header without `type`")?
        .to_be_bytes())
}

/// `pad(4)`, `pad(to=60)`, `raw(14=4f)`.
fn put_behind(layer: &Layer, frame: &mut Vec<u8>) -> Read<()> {
    let mut said = layer.said();
    if layer.name == "pad" {
        let length = match said.number("to")? {
            Some(length) => length,
            None => frame.len() + number::<usize>(said.word()?)?,
        };
        if length <= frame.len() {
            return Err(format!("there are {} bytes already", frame.len()));
        }
        frame.resize(length, 0xaa);
        return said.done();
    }
    for at in 0..frame.len() {
        if let Some(bytes) = said.text(&at.to_string()) {
            let bytes = hex(bytes)?;
            let place = frame.get_mut(at..at + bytes.len());
            place.ok_or("`raw` beyond the end")?.copy_from_slice(&bytes);
        }
    }
    said.done()
}
