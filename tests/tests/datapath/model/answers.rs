//! What is said for an address that the kernel cannot speak for.

type Mac = [u8; 6];

pub(super) enum Answer {
    Frame(Vec<u8>),
    /// The kernel's own questions are answered so.
    Kernels,
    Malformed,
    None,
}

/// The answer at a port with this MAC to a frame that asks for, or goes to, such an
/// address.
pub(super) fn to(frame: &[u8], own: Mac) -> Answer {
    let heard = frame[..6] == own || frame[0] & 1 == 1;
    let body = &frame[14..];
    match frame[12..14] {
        [0x08, 0x06] if heard && body[..2] == [0, 1] && body[6..8] == [0, 1] => {
            Answer::Frame(arp(frame, own))
        }
        [0x08, 0x06] => Answer::Kernels,
        [0x08, 0x00] => echo4(frame, own),
        _ => ipv6(frame, own, heard),
    }
}

fn back(frame: &[u8], own: Mac) -> Vec<u8> {
    [&frame[6..12], &own, &frame[12..14]].concat()
}

fn arp(frame: &[u8], own: Mac) -> Vec<u8> {
    let (kind, asker, wanted) = (&frame[14..20], &frame[22..32], &frame[38..42]);
    let ethernet = back(frame, own);
    [&ethernet, kind, &[0, 2], &own, wanted, asker, &frame[42..]].concat()
}

fn echo4(frame: &[u8], own: Mac) -> Answer {
    let ip = &frame[14..];
    let claimed = usize::from(ip[2]) << 8 | usize::from(ip[3]);
    let plain = ip[0] == 0x45 && ip[6] & 0x3f == 0 && ip[7] == 0 && ip[9] == 1;
    if frame[..6] != own || !plain || claimed < 28 || ip.get(20..22) != Some(&[8, 0]) {
        return Answer::None;
    }
    let mut out = [&back(frame, own)[..], ip].concat();
    out[26..30].copy_from_slice(&ip[16..20]);
    out[30..34].copy_from_slice(&ip[12..16]);
    out[22] = 64;
    // Words that are less make the checksum more, modulo 65535.
    shift(
        &mut out[24..26],
        (u32::from(ip[8]) << 8) + 0xffff - (64 << 8),
    );
    out[34] = 0;
    shift(&mut out[36..38], 0x0800);
    Answer::Frame(out)
}

fn ipv6(frame: &[u8], own: Mac, heard: bool) -> Answer {
    let ip = &frame[14..];
    let kind = if ip[6] == 58 { ip.get(40) } else { None };
    let solicits = kind == Some(&135) && ip.len() >= 64;
    let claimed = usize::from(ip[4]) << 8 | usize::from(ip[5]);
    match kind {
        Some(136) => Answer::Kernels,
        _ if solicits && !heard => Answer::Kernels,
        _ if solicits => {
            let from_nobody = ip[8..24].iter().all(|byte| *byte == 0);
            let good = ip[7] == 255 && ip[41] == 0 && claimed >= 24;
            if good && (!from_nobody || ip[24] == 0xff) {
                Answer::Frame(advertisement(frame, own, from_nobody))
            } else {
                Answer::Malformed
            }
        }
        Some(128) if frame[..6] == own && ip.get(41) == Some(&0) && claimed >= 8 => {
            let mut out = [&back(frame, own)[..], ip].concat();
            out[22..38].copy_from_slice(&ip[24..40]);
            out[38..54].copy_from_slice(&ip[8..24]);
            out[21] = 64;
            out[54] = 129;
            shift(&mut out[56..58], 0xffff - 0x0100);
            Answer::Frame(out)
        }
        _ => Answer::None,
    }
}

fn advertisement(frame: &[u8], own: Mac, to_all: bool) -> Vec<u8> {
    let ip = &frame[14..];
    let all = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let (flags, destination) = if to_all {
        (0xa0, &all[..])
    } else {
        (0xe0, &ip[8..24])
    };
    let target = &ip[48..64];
    let message = [&[136, 0, 0, 0, flags, 0, 0, 0], target, &[2, 1], &own].concat();
    let pseudo = [target, destination, &[0, 0, 0, 32, 0, 0, 0, 58], &message].concat();
    let sum = crate::datapath::checksum::internet(&pseudo).to_be_bytes();
    let mut out = back(frame, own);
    if to_all {
        out[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
    }
    out.extend([0x60, 0, 0, 0, 0, 32, 58, 255]);
    out.extend([target, destination, &message[..2], &sum, &message[4..]].concat());
    out
}

/// Make a checksum more by this. Of the two noughts it is then always 0x0000.
fn shift(sum: &mut [u8], by: u32) {
    let old = u32::from(sum[0]) << 8 | u32::from(sum[1]);
    let new = ((old + by) % 0xffff) as u16;
    sum.copy_from_slice(&new.to_be_bytes());
}
