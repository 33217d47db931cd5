//! The tags on the wire, frame by frame.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Host, PacketSocket, Udp, frame, wait_until};

use super::scene::{SOON, Scene, Tag, tagged, untagged};

const Q: u16 = 0x8100;
const AD: u16 = 0x88a8;

/// Priority 5 and the drop-eligible bit.
const BITS: u16 = 5 << 13 | 1 << 12;
/// Priority 3.
const THREE: u16 = 3 << 13;

/// Send a tagged datagram until it leaves on the trunk again; its tags then.
fn sent_on(
    scene: &Scene,
    trunk: &PacketSocket,
    (from, source): (&Host, IpAddr),
    (to, tags): (IpAddr, &[Tag]),
) -> Result<Vec<Tag>> {
    let sent = scene.datagram(from, source, to)?;
    let frame = tagged(&sent.frame(), tags);
    wait_until(&format!("a datagram to {to} is sent on"), SOON, || {
        trunk.send(&frame)?;
        let ours = |frame: &[u8]| {
            let (tags, frame) = untagged(frame);
            let udp = Udp::parse(&frame)?;
            (udp.to == to && udp.ttl == 63).then_some(tags)
        };
        trunk
            .receive(Duration::from_millis(300), ours)?
            .context("nothing came")
    })
}

#[test]
fn a_frame_is_retagged_and_its_priority_bits_stay() -> Result<()> {
    let scene = Scene::start("retag")?;
    let trunk = scene.switch.frames()?;
    let Scene {
        blue,
        green,
        grey,
        red,
        pink,
        ..
    } = &scene;
    // What comes in, and what leaves: both for a neighbour that is yet to be found,
    // as the first packet is, and for one that is known.
    let both = |from: &Host, tags: &[Tag], to: &Host, wanted: &[Tag]| {
        for (source, address) in from.addresses().into_iter().zip(to.addresses()) {
            for _ in 0..2 {
                let left = sent_on(&scene, &trunk, (from, source), (address, tags))?;
                ensure!(
                    left == wanted,
                    "{} {tags:x?} to {address} left as {left:x?}, not {wanted:x?}",
                    from.name
                );
            }
        }
        Ok(())
    };
    both(blue, &[(Q, 10 | BITS)], green, &[(Q, 20 | BITS)])?;
    both(blue, &[(Q, 10)], green, &[(Q, 20)])?;
    both(blue, &[(Q, 10 | BITS)], grey, &[])?;
    both(
        blue,
        &[(Q, 10 | BITS)],
        red,
        &[(AD, 100 | BITS), (Q, 10 | BITS)],
    )?;
    both(blue, &[(Q, 10 | BITS)], pink, &[(AD, 200 | BITS)])?;
    both(grey, &[], blue, &[(Q, 10)])?;
    both(grey, &[(Q, BITS)], blue, &[(Q, 10 | BITS)])?;
    both(
        red,
        &[(AD, 100 | BITS), (Q, 10 | THREE)],
        blue,
        &[(Q, 10 | THREE)],
    )?;
    both(pink, &[(AD, 200 | BITS)], blue, &[(Q, 10 | BITS)])
}

#[test]
fn priority_bits_outlive_the_wait_for_a_neighbour() -> Result<()> {
    let scene = Scene::start("priority in the queue")?;
    let trunk = scene.switch.frames()?;
    let Scene { blue, green, .. } = &scene;
    // Nobody has ever spoken to these, so each is asked for first.
    for last in 50..54 {
        let fresh: IpAddr = format!("10.2.0.{last}").parse()?;
        green.ns.ip(&format!("addr add {fresh}/24 dev eth0"))?;
        let sent = scene.datagram(blue, blue.v4, fresh)?;
        trunk.send(&tagged(&sent.frame(), &[(Q, 10 | BITS)]))?;
        let mut asked = false;
        let ours = |frame: &[u8]| {
            let (tags, frame) = untagged(frame);
            let asks = frame.get(12..14) == Some(&[8, 6]);
            asked |= asks && tags == [(Q, 20)];
            let udp = Udp::parse(&frame)?;
            (udp.to == fresh).then_some(tags)
        };
        let left = trunk.receive(SOON, ours)?.context("it was lost")?;
        ensure!(left == [(Q, 20 | BITS)], "it left as {left:x?}");
        ensure!(asked, "it did not wait for a neighbour");
    }
    Ok(())
}

#[test]
fn who_asks_for_the_routers_address_on_a_tag_is_answered_on_that_tag() -> Result<()> {
    let scene = Scene::start("ARP")?;
    let trunk = scene.switch.frames()?;
    for (host, tags) in [
        (&scene.blue, vec![(Q, 10)]),
        (&scene.green, vec![(Q, 20)]),
        (&scene.red, vec![(AD, 100), (Q, 10)]),
        (&scene.pink, vec![(AD, 200)]),
    ] {
        for (from, gateway) in host.addresses().into_iter().zip(host.gateways()) {
            let question = tagged(&frame::who_has(host.mac()?, from, gateway), &tags);
            trunk.send(&question)?;
            let answer = |frame: &[u8]| {
                let (tags, frame) = untagged(frame);
                frame::is_answer_for(&frame, gateway).then_some(tags)
            };
            let answered = trunk.receive(SOON, answer)?.context("no answer")?;
            ensure!(answered == tags, "{gateway}: {answered:x?}");
        }
    }
    Ok(())
}
