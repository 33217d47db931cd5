//! Options of IPv4 and of IPv6's option headers, by name or in hexadecimal.

use super::notation::{Layer, Read, hex, layers, number, split};
use crate::datapath::places::Places;

/// `[nop lsrr(known) 83 03 04]`, padded to words (RFC 791 section 3.1).
pub(super) fn ipv4(text: &str, at: &Places) -> Read<Vec<u8>> {
    let mut bytes = each(text, |option| ipv4_option(option, at))?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    if bytes.len() > 40 {
        return Err(format!("`{text}` is more than a header holds"));
    }
    Ok(bytes)
}

/// `[router-alert jumbo(70000)]`, padded to 8 bytes with the two that stand in front
/// (RFC 8200 section 4.2).
pub(super) fn ipv6(text: &str) -> Read<Vec<u8>> {
    let mut bytes = each(text, ipv6_option)?;
    match (bytes.len() + 2).next_multiple_of(8) - 2 - bytes.len() {
        0 => {}
        1 => bytes.push(0),
        missing => bytes.extend(padn(missing)),
    }
    Ok(bytes)
}

/// What a bracketed list holds, separated by blanks.
pub(super) fn list(text: &str) -> Read<Vec<&str>> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    split(inner.ok_or_else(|| format!("`{text}` is no list"))?, ' ')
}

fn each(text: &str, option: impl Fn(&Layer) -> Read<Vec<u8>>) -> Read<Vec<u8>> {
    let mut bytes = Vec::new();
    for text in list(text)? {
        match hex(text) {
            Ok(raw) => bytes.extend(raw),
            Err(_) => bytes.extend(option(&layers(text)?[0])?),
        }
    }
    Ok(bytes)
}

fn ipv4_option(option: &Layer, at: &Places) -> Read<Vec<u8>> {
    let mut said = option.said();
    let mut bytes = match option.name.as_str() {
        "end" => vec![0],
        "nop" => vec![1],
        "record-route" => slots(7, 4, said.word()?)?,
        "timestamp" => {
            let mut bytes = slots(68, 5, said.word()?)?;
            // Overflow and flags stand between pointer and slots.
            bytes.insert(3, 0);
            bytes[1] += 1;
            bytes
        }
        "lsrr" => route(131, said.text("via"), at)?,
        "ssrr" => route(137, said.text("via"), at)?,
        // RFC 1108, RFC 791 section 3.1, RFC 2113.
        "security" => vec![130, 3, 0],
        "stream-id" => vec![136, 4, 0, 1],
        "router-alert" => vec![148, 4, 0, 0],
        unknown => return Err(format!("`{unknown}` is no option of IPv4")),
    };
    for (key, at) in [("length", 1), ("pointer", 2)] {
        if let (Some(value), Some(byte)) = (said.number(key)?, bytes.get_mut(at)) {
            *byte = value;
        }
    }
    said.done()?;
    Ok(bytes)
}

fn slots(kind: u8, pointer: u8, count: &str) -> Read<Vec<u8>> {
    let count: u8 = number(count)?;
    let mut bytes = vec![kind, 3 + 4 * count, pointer];
    bytes.resize(usize::from(bytes[1]), 0);
    Ok(bytes)
}

fn route(kind: u8, via: Option<&str>, at: &Places) -> Read<Vec<u8>> {
    let mut bytes = vec![kind, 3, 4];
    for address in list(via.unwrap_or("[]"))? {
        match super::words::address(address, at)? {
            std::net::IpAddr::V4(address) => bytes.extend(address.octets()),
            std::net::IpAddr::V6(_) => return Err(format!("`{address}` in an IPv4 option")),
        }
    }
    bytes[1] = bytes.len() as u8;
    Ok(bytes)
}

fn ipv6_option(option: &Layer) -> Read<Vec<u8>> {
    let mut said = option.said();
    let bytes = match option.name.as_str() {
        "pad1" => vec![0],
        "padn" => padn(number(said.word()?)?),
        // RFC 2711, RFC 2675.
        "router-alert" => vec![5, 2, 0, 0],
        "jumbo" => {
            let length: u32 = number(said.word()?)?;
            [&[0xc2, 4][..], &length.to_be_bytes()].concat()
        }
        unknown => return Err(format!("`{unknown}` is no option of IPv6")),
    };
    said.done()?;
    Ok(bytes)
}

/// PadN of so many bytes in all, two at least.
fn padn(bytes: usize) -> Vec<u8> {
    let mut option = vec![1, bytes as u8 - 2];
    option.resize(bytes, 0);
    option
}

#[test]
fn options_come_out_as_their_rfcs_draw_them() {
    use crate::datapath::places::V4;
    let four = |text| ipv4(text, &V4).unwrap();
    assert_eq!(four("[nop router-alert]"), [1, 148, 4, 0, 0, 0, 0, 0]);
    assert_eq!(four("[record-route(1)]"), [7, 7, 4, 0, 0, 0, 0, 0]);
    assert_eq!(four("[timestamp(1)]"), [68, 8, 5, 0, 0, 0, 0, 0]);
    assert_eq!(four("[lsrr(via=[10.2.0.9])]"), [131, 7, 4, 10, 2, 0, 9, 0]);
    assert_eq!(four("[ssrr(via=[known], pointer=8)]")[..3], [137, 7, 8]);
    assert_eq!(four("[83 ff]"), [0x83, 0xff, 0, 0]);
    assert_eq!(ipv6("[]").unwrap(), [1, 4, 0, 0, 0, 0]);
    assert_eq!(ipv6("[router-alert]").unwrap(), [5, 2, 0, 0, 1, 0]);
    assert_eq!(ipv6("[jumbo(65536)]").unwrap(), [0xc2, 4, 0, 1, 0, 0]);
    assert!(ipv4("[router-alarm]", &V4).is_err() && ipv6("[nop]").is_err());
    assert!(ipv4("[record-route(9) end nop]", &V4).is_err());
    assert!(ipv4("[lsrr(via=[fd00::1])]", &V4).is_err() && ipv4("nop", &V4).is_err());
}
