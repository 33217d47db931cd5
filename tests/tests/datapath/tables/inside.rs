//! What IP carries: extension headers, transports, data.

use std::net::IpAddr;

use super::{
    frame::octets,
    notation::{Layer, Read, Said, hex, number},
    options, words,
};
use crate::datapath::{
    checksum,
    places::{Places, V4, V6},
    world::HOST,
};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const NO_NEXT_HEADER: u8 = 59;

/// The two ends, which transports sum up too.
pub(super) struct Inside<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    quoted: Option<&'a [u8]>,
}

/// The protocol number said, or else that of what follows.
pub(super) fn protocol_number(said: &mut Said<'_>, key: &str, of: Option<u8>) -> Read<u8> {
    let number = said.number(key)?.or(of);
    number.ok_or_else(|| format!("data of no protocol: say `{key}`"))
}

impl<'a> Inside<'a> {
    pub(super) fn between(source: IpAddr, destination: IpAddr, quoted: Option<&'a [u8]>) -> Self {
        Self {
            source,
            destination,
            quoted,
        }
    }

    fn at(&self) -> &'static Places {
        if self.source.is_ipv4() { &V4 } else { &V6 }
    }

    /// The layers as bytes behind `above` bytes of IP headers, and the first one's
    /// protocol number; data has none.
    pub(super) fn build(&self, layers: &[Layer], above: usize) -> Read<(Option<u8>, Vec<u8>)> {
        let Some((layer, rest)) = layers.split_first() else {
            return Ok((None, Vec::new()));
        };
        let mut said = layer.said();
        let (protocol, bytes) = match layer.name.as_str() {
            "text" | "hex" | "bytes" | "fill" | "quote" => {
                let mut bytes = self.data(layer, &mut said, above)?;
                bytes.extend(self.data_only(rest, above + bytes.len())?);
                (None, bytes)
            }
            "none" if rest.is_empty() => (Some(NO_NEXT_HEADER), Vec::new()),
            "udp" => (Some(17), self.udp(&mut said, rest, above)?),
            "tcp" => (Some(6), self.tcp(&mut said, rest, above)?),
            "icmp" => (Some(ICMP), self.icmp(&mut said, ICMP, rest, above)?),
            "icmpv6" => (Some(ICMPV6), self.icmp(&mut said, ICMPV6, rest, above)?),
            "echo" => {
                let (protocol, kind) = match self.source {
                    IpAddr::V4(_) => (ICMP, [8, 0]),
                    IpAddr::V6(_) => (ICMPV6, [128, 0]),
                };
                let id: u16 = said.number("id")?.unwrap_or(0x1234);
                let id = id.to_be_bytes();
                let header = [kind[0], kind[1], 0, 0, id[0], id[1], 0, 1];
                let data = self.data_only(rest, above + 8)?;
                (
                    Some(protocol),
                    self.summed(&mut said, [&header[..], &data].concat(), protocol, 2)?,
                )
            }
            "solicitation" if rest.is_empty() => (Some(ICMPV6), self.discovery(&mut said, 135)?),
            "advertisement" if rest.is_empty() => (Some(ICMPV6), self.discovery(&mut said, 136)?),
            _ => return self.extension(layer, rest, above),
        };
        said.done()?;
        Ok((protocol, bytes))
    }

    /// Layers that are data and no headers.
    fn data_only(&self, layers: &[Layer], above: usize) -> Read<Vec<u8>> {
        match self.build(layers, above)? {
            (None, bytes) => Ok(bytes),
            (Some(_), _) => Err(format!("`{}` is no data", layers[0].name)),
        }
    }

    fn data(&self, layer: &Layer, said: &mut Said<'_>, above: usize) -> Read<Vec<u8>> {
        match layer.name.as_str() {
            "text" => Ok(said.word()?.into()),
            "hex" => hex(said.word()?),
            "bytes" => Ok(vec![7; number(said.word()?)?]),
            "fill" => {
                let length: usize = number(said.word()?)?;
                let missing = length.checked_sub(above);
                Ok(vec![7; missing.ok_or("`fill` to less than there is")?])
            }
            _ => {
                // RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c).
                let most = if self.source.is_ipv4() { 576 } else { 1280 };
                let quoted = self.quoted.ok_or("there is nothing to quote")?;
                Ok(quoted.iter().copied().take(most - above).collect())
            }
        }
    }

    /// RFC 768.
    fn udp(&self, said: &mut Said<'_>, rest: &[Layer], above: usize) -> Read<Vec<u8>> {
        let data = self.data_only(rest, above + 8)?;
        let mut datagram = ports(said, 40000, 53)?;
        let length: Option<u16> = said.number("length")?;
        datagram.extend(length.unwrap_or(8 + data.len() as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(data);
        self.summed(said, datagram, 17, 6)
    }

    /// RFC 9293 section 3.1.
    fn tcp(&self, said: &mut Said<'_>, rest: &[Layer], above: usize) -> Read<Vec<u8>> {
        let mut options = Vec::new();
        for byte in options::list(said.text("options").unwrap_or("[]"))? {
            options.extend(hex(byte)?);
        }
        let length = 20 + options.len();
        let mut segment = ports(said, 40000, 443)?;
        segment.extend(said.number::<u32>("seq")?.unwrap_or(1).to_be_bytes());
        segment.extend(
            said.number::<u32>("acknowledges")?
                .unwrap_or(1)
                .to_be_bytes(),
        );
        let names = ["fin", "syn", "rst", "psh", "ack", "urg"];
        let flags = names.iter().enumerate();
        let flags: u8 = flags
            .map(|(bit, name)| u8::from(said.flag(name)) << bit)
            .sum();
        segment.extend([(length / 4) as u8 * 16, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(options);
        segment.extend(self.data_only(rest, above + length)?);
        self.summed(said, segment, 6, 16)
    }

    /// RFC 792 and RFC 4443: `mtu` is where both have it, `word` all four bytes. It is
    /// `offloaded` where the sum is that of the quote once a device has written the
    /// checksum of the TCP segment in it, which is behind a header like the one above:
    /// the segment then sums up to the complement of what the field holds before.
    fn icmp(
        &self,
        said: &mut Said<'_>,
        protocol: u8,
        rest: &[Layer],
        above: usize,
    ) -> Read<Vec<u8>> {
        let kind = said.number("type")?.ok_or("ICMP without `type`")?;
        let mut message: Vec<u8> = vec![kind, said.number("code")?.unwrap_or(0), 0, 0];
        let mtu: Option<u32> = said.number("mtu")?;
        let word = said.number("word")?.or(mtu).unwrap_or(0);
        message.extend(word.to_be_bytes());
        message.extend(self.data_only(rest, above + 8)?);
        if said.flag("offloaded") {
            let segment = 8 + above;
            let (quoted, sum) = (&message[..segment], segment + 16);
            let sum: Vec<u8> = message[sum..sum + 2].iter().map(|byte| !byte).collect();
            let finished = self.checksum(&[quoted, &sum].concat(), message.len(), protocol);
            message[2..4].copy_from_slice(&finished.to_be_bytes());
            return Ok(message);
        }
        self.summed(said, message, protocol, 2)
    }

    /// RFC 4861 sections 4.3 and 4.4, with the sender's MAC where it has an address.
    fn discovery(&self, said: &mut Said<'_>, kind: u8) -> Read<Vec<u8>> {
        let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
        message.extend(octets(words::address(said.must("target")?, self.at())?));
        if !self.source.is_unspecified() {
            message.extend([kind - 134, 1]);
            message.extend(HOST);
        }
        self.summed(said, message, ICMPV6, 2)
    }

    /// Extension headers (RFC 8200 section 4; RFC 4302 and 4303 have two of IPv4's too).
    fn extension(
        &self,
        layer: &Layer,
        rest: &[Layer],
        above: usize,
    ) -> Read<(Option<u8>, Vec<u8>)> {
        let mut said = layer.said();
        let word = |number: u32| number.to_be_bytes();
        // Behind the first two bytes, which are the same in nearly all.
        let (kind, content) = match layer.name.as_str() {
            "hop-by-hop" => (0, options::ipv6(said.text("options").unwrap_or("[]"))?),
            "destination-options" => (60, options::ipv6(said.text("options").unwrap_or("[]"))?),
            "routing" => {
                let kind = said.number("type")?.ok_or("`routing` without `type`")?;
                let mut content = vec![kind, said.number("left")?.ok_or("`left` is missing")?];
                content.extend([0; 4]);
                for address in options::list(said.text("via").unwrap_or("[]"))? {
                    content.extend(octets(words::address(address, &V6)?));
                }
                (43, content)
            }
            "fragment" => {
                let offset: u16 = said.number("offset")?.unwrap_or(0);
                let more = u16::from(said.flag("mf"));
                let mut content = (offset << 3 | more).to_be_bytes().to_vec();
                content.extend(word(said.number("id")?.unwrap_or(7)));
                (44, content)
            }
            // Reserved, SPI, sequence number, and 96 bits of a digest.
            "ah" => (
                51,
                [vec![0, 0, 0, 0, 1, 0, 0, 0], vec![0, 1], vec![0xd1; 12]].concat(),
            ),
            "esp" => {
                let data = self.data_only(rest, above + 8)?;
                said.done()?;
                return Ok((Some(50), [vec![0, 0, 1, 0, 0, 0, 0, 1], data].concat()));
            }
            "extension" => (number(said.word()?)?, vec![0; 6]),
            unknown => return Err(format!("`{unknown}` is no layer")),
        };
        let (inner, body) = self.build(rest, above + 2 + content.len())?;
        let length = match kind {
            44 => 0,
            // RFC 4302 section 2.2: in words of 4 bytes, less two.
            51 => (content.len() as u8 + 2) / 4 - 2,
            _ => (content.len() as u8 + 2) / 8 - 1,
        };
        let header = vec![
            protocol_number(&mut said, "next", inner)?,
            said.number("length")?.unwrap_or(length),
        ];
        said.done()?;
        Ok((Some(kind), [header, content, body].concat()))
    }

    /// With the checksum at the offset `at`, or what is said of it.
    fn summed(
        &self,
        said: &mut Said<'_>,
        mut payload: Vec<u8>,
        protocol: u8,
        at: usize,
    ) -> Read<Vec<u8>> {
        let right = self.checksum(&payload, payload.len(), protocol);
        let sum = said.number("checksum")?.unwrap_or(right);
        payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        Ok(payload)
    }

    /// Of what a payload of this length has to be summed up.
    fn checksum(&self, summed: &[u8], length: usize, protocol: u8) -> u16 {
        let mut all = Vec::new();
        // ICMP for IPv4 is the one that does not sum a pseudo-header.
        if protocol != ICMP {
            all = [octets(self.source), octets(self.destination)].concat();
            all.extend((length as u32).to_be_bytes());
            all.extend([0, 0, 0, protocol]);
        }
        all.extend(summed);
        checksum::internet(&all)
    }
}

fn ports(said: &mut Said<'_>, source: u16, destination: u16) -> Read<Vec<u8>> {
    let source = said.number("src")?.unwrap_or(source);
    let destination = said.number("dst")?.unwrap_or(destination);
    Ok([source.to_be_bytes(), destination.to_be_bytes()].concat())
}
