//! What is never answered.

use std::time::Duration;

use anyhow::{Result, ensure};
use peer_tests::Scene;

use super::traceroute::scene;

const TIME_EXCEEDED: u8 = 11;

/// Whether a frame is an ICMP time exceeded message.
fn is_time_exceeded(frame: &[u8]) -> bool {
    frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&1) && frame[34] == TIME_EXCEEDED
}

fn checksummed(mut frame: Vec<u8>) -> Vec<u8> {
    frame[24..26].fill(0);
    let words = frame[14..34].chunks(2);
    let mut sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    frame[24..26].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    frame
}

#[test]
fn errors_later_fragments_and_what_was_sent_to_all_are_not_answered() -> Result<()> {
    for hook in [("tc", false), ("xdp", true)] {
        let scene = scene("silence", hook)?;
        let Scene { blue, green, .. } = &scene;
        let mut datagram = scene.datagram(blue, blue.v4, green.v4)?;
        datagram.ttl = 1;
        let spent = datagram.frame();
        let altered = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut frame = spent.clone();
            change(&mut frame);
            checksummed(frame)
        };
        let mut silent = vec![
            altered(&|frame| frame[20..22].copy_from_slice(&100_u16.to_be_bytes())),
            altered(&|frame| frame[..6].fill(0xff)),
            altered(&|frame| frame[..6].copy_from_slice(&[1, 0, 0x5e, 0, 0, 1])),
            altered(&|frame| frame[30..34].copy_from_slice(&[224, 0, 0, 9])),
            altered(&|frame| frame[30..34].fill(0xff)),
            altered(&|frame| frame[26..30].copy_from_slice(&[127, 0, 0, 1])),
            altered(&|frame| frame[26..30].fill(0)),
        ];
        for kind in [3, 4, 5, 11, 12] {
            silent.push(altered(&|frame| {
                frame[23] = 1;
                frame[34] = kind;
            }));
        }
        let socket = blue.frames()?;
        for frame in &silent {
            socket.send(frame)?;
        }
        // Frames keep their order: the answer to this one is the first there is.
        let asked = altered(&|frame| frame[18..20].copy_from_slice(&[0xab, 0xcd]));
        socket.send(&asked)?;
        let answer = socket.receive(Duration::from_secs(10), |frame| {
            is_time_exceeded(frame).then(|| frame[42..].to_vec())
        })?;
        let quoted = answer.as_deref().and_then(|quote| quote.get(4..6));
        ensure!(quoted == Some(&[0xab, 0xcd]), "{hook:?}: {answer:02x?}");
    }
    Ok(())
}
