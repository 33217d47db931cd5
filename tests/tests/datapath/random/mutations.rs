//! What goes wrong with packets on the way, or is done to them on purpose.

use super::Random;

/// Damage a frame, but leave it its Ethernet header's fourteen bytes.
pub(super) fn mutate(random: &mut Random, frame: &mut Vec<u8>) {
    for _ in 0..random.pick(&[1, 1, 1, 2, 3]) {
        match random.below(7) {
            0 => {
                let length = 14 + random.below(frame.len() as u64 - 13) as usize;
                frame.truncate(length);
            }
            1 => frame.extend((0..random.below(20)).map(|byte| byte as u8)),
            2 => claim(random, frame),
            3 => repeat(random, frame),
            4 => flip(random, frame),
            _ => {
                for _ in 0..1 + random.below(3) {
                    let at = somewhere(random, frame);
                    frame[at] = if random.percent(50) {
                        random.byte()
                    } else {
                        frame[at] ^ 1
                    };
                }
            }
        }
    }
}

/// Mostly in the headers.
fn somewhere(random: &mut Random, frame: &[u8]) -> usize {
    let length = frame.len() as u64;
    let within = if random.percent(90) {
        length.min(100)
    } else {
        length
    };
    random.below(within) as usize
}

fn flip(random: &mut Random, frame: &mut [u8]) {
    let at = somewhere(random, frame);
    frame[at] ^= 1 << random.below(8);
}

/// Another length than it has, in one of the fields that say so.
fn claim(random: &mut Random, frame: &mut [u8]) {
    let v4 = frame[12..14] == [0x08, 0x00];
    let length = frame.len() as u64 - 14;
    let claimed = match random.below(4) {
        0 => random.below(length + 4),
        1 => length,
        2 => random.below(90),
        _ => length.saturating_sub(40) + random.below(3),
    };
    let at = if v4 { 16 } else { 18 };
    if v4 && random.percent(30) && frame.len() > 14 {
        frame[14] = 0x40 | random.below(16) as u8;
    } else if let Some(field) = frame.get_mut(at..at + 2) {
        field.copy_from_slice(&(claimed as u16).to_be_bytes());
    }
}

/// Some bytes twice, or once too seldom.
fn repeat(random: &mut Random, frame: &mut Vec<u8>) {
    let at = 14.max(somewhere(random, frame)).min(frame.len());
    let end = (at + 1 + random.below(12) as usize).min(frame.len());
    if random.percent(50) {
        let copy = frame[at..end].to_vec();
        frame.splice(at..at, copy);
    } else {
        frame.drain(at..end);
    }
}
