//! The leak matrix: whatever bears whatever tags, nothing gets where the table does
//! not let it.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Host, PacketSocket, Udp, wait_until};

use super::scene::{SOON, Scene, Tag, tagged, untagged};

const Q: u16 = 0x8100;
const AD: u16 = 0x88a8;
/// For experiments (IEEE 802, clause 9.2.3).
const NO_IP: [u8; 2] = [0x88, 0xb5];

/// What frames bear: those of ports, those of none, and what is nearly one's.
const TAGS: [&[Tag]; 20] = [
    &[],
    &[(Q, 0)],
    &[(Q, 1)],
    &[(Q, 10)],
    &[(Q, 20)],
    &[(Q, 30)],
    &[(Q, 100)],
    &[(Q, 200)],
    &[(Q, 4094)],
    &[(Q, 4095)],
    &[(AD, 10)],
    &[(AD, 100)],
    &[(AD, 200)],
    &[(Q, 10), (Q, 20)],
    &[(Q, 0), (Q, 10)],
    &[(AD, 100), (Q, 10)],
    &[(AD, 100), (Q, 0)],
    &[(AD, 200), (Q, 10)],
    &[(AD, 100), (AD, 10)],
    &[(AD, 100), (Q, 10), (Q, 20)],
];

/// Where an injected frame came out: the host that saw it, or the tags it bore where
/// the router sent it back to the trunk.
type Sighting = (String, Vec<Tag>);

/// Who sends to whom, and the tags with which that is allowed.
type Flow<'a> = (&'a Host, &'a Host, &'a [&'a [Tag]]);

/// A frame to inject, and where it may come out.
struct Case {
    frame: Vec<u8>,
    name: String,
    allowed: Option<&'static str>,
}

fn cases(scene: &Scene) -> Result<Vec<Case>> {
    let router = scene.lab.router.mac("trunk")?;
    let casts = [
        ("unicast", router),
        ("multicast", [0x01, 0, 0x5e, 0, 0, 5]),
        ("broadcast", [0xff; 6]),
    ];
    // Who may speak to whom, and on which tags only.
    let Scene {
        blue,
        green,
        grey,
        red,
        pink,
        plain,
        ..
    } = scene;
    let blues: &[&[Tag]] = &[&[(Q, 10)]];
    let greys: &[&[Tag]] = &[&[], &[(Q, 0)]];
    let flows: [Flow<'_>; 10] = [
        (blue, green, blues),
        (blue, grey, blues),
        (blue, red, blues),
        (blue, pink, blues),
        (blue, plain, blues),
        (grey, green, greys),
        (grey, blue, greys),
        (red, blue, &[&[(AD, 100), (Q, 10)]]),
        (pink, blue, &[&[(AD, 200)]]),
        // These do not peer.
        (red, green, &[]),
    ];
    let mut cases = Vec::new();
    for tags in TAGS {
        for (cast, to_mac) in casts {
            let mut add = |what: String, frame: &[u8], allowed| {
                cases.push(Case {
                    frame: tagged(frame, tags),
                    name: format!("{tags:x?} {cast} {what}"),
                    allowed,
                });
            };
            let other = [&to_mac[..], &blue.mac()?, &NO_IP, &[0; 50]].concat();
            add("no IP".into(), &other, None);
            for (from, to, on) in flows {
                for (source, address) in from.addresses().into_iter().zip(to.addresses()) {
                    let mut udp = scene.datagram(from, source, address)?;
                    udp.to_mac = to_mac;
                    udp.payload = vec![0; 8];
                    let may = cast == "unicast" && on.contains(&tags);
                    let allowed = may.then(|| name_of(to));
                    add(format!("{source} to {address}"), &udp.frame(), allowed);
                }
            }
        }
    }
    Ok(cases)
}

fn name_of(host: &Host) -> &'static str {
    let names = ["blue", "green", "grey", "red", "pink", "plain"];
    names
        .into_iter()
        .find(|name| *name == host.name)
        .unwrap_or("nobody")
}

/// The tags that a host's frames bear on the trunk.
fn tags_of(name: &str) -> Vec<Tag> {
    match name {
        "blue" => vec![(Q, 10)],
        "green" => vec![(Q, 20)],
        "red" => vec![(AD, 100), (Q, 10)],
        "pink" => vec![(AD, 200)],
        _ => Vec::new(),
    }
}

/// Which case a frame is of: each has its number where nothing else looks.
fn number_of(frame: &[u8]) -> Option<usize> {
    let (_, frame) = untagged(frame);
    let payload = if frame.get(12..14) == Some(&NO_IP) {
        frame.get(14..22)?.to_vec()
    } else {
        Udp::parse(&frame)?.payload
    };
    let [b'l', b'e', b'a', b'k', number @ ..] = payload.first_chunk::<8>()? else {
        return None;
    };
    Some(u32::from_be_bytes(*number.first_chunk()?) as usize)
}

/// Put its number into a case's frame.
fn numbered(case: &Case, number: usize) -> Result<Vec<u8>> {
    let mark = [b"leak", &(number as u32).to_be_bytes()[..]].concat();
    let (tags, frame) = untagged(&case.frame);
    let frame = match Udp::parse(&frame) {
        Some(mut udp) => {
            udp.payload = mark;
            udp.frame()
        }
        None => [&frame[..14], &mark, &frame[22..]].concat(),
    };
    Ok(tagged(&frame, &tags))
}

/// Everything of ours that a socket has seen, until it sees nothing for a while.
fn sighted(socket: &PacketSocket) -> Result<Vec<(usize, Vec<Tag>)>> {
    let mut all = Vec::new();
    let pick = |frame: &[u8]| Some((number_of(frame)?, untagged(frame).0));
    while let Some(found) = socket.receive(Duration::from_millis(300), pick)? {
        all.push(found);
    }
    Ok(all)
}

#[test]
fn nothing_gets_from_one_tag_to_another_that_the_table_does_not_let() -> Result<()> {
    let scene = Scene::start("leaks")?;
    // Known neighbours from the start, so that nothing waits.
    for (one, other) in scene.peers() {
        for (from, to) in [(one, other), (other, one)] {
            to.addresses()
                .into_iter()
                .try_for_each(|address: IpAddr| from.assert_reaches(address))?;
        }
    }
    let trunk = scene.switch.frames()?;
    let hosts = [
        &scene.blue,
        &scene.green,
        &scene.grey,
        &scene.red,
        &scene.pink,
        &scene.plain,
    ];
    let sockets = hosts
        .into_iter()
        .map(|host| Ok((host.name.clone(), host.frames()?)))
        .collect::<Result<Vec<_>>>()?;
    let cases = cases(&scene)?;
    let mut seen: BTreeMap<usize, Vec<Sighting>> = BTreeMap::new();
    // In batches, so that no socket's buffer overflows.
    let numbered = cases
        .iter()
        .enumerate()
        .map(|(number, case)| numbered(case, number))
        .collect::<Result<Vec<_>>>()?;
    for batch in numbered.chunks(210) {
        batch.iter().try_for_each(|frame| trunk.send(frame))?;
        for (number, tags) in sighted(&trunk)? {
            seen.entry(number).or_default().push(("trunk".into(), tags));
        }
        for (name, socket) in &sockets {
            for (number, tags) in sighted(socket)? {
                seen.entry(number).or_default().push((name.clone(), tags));
            }
        }
    }
    let mut leaked = Vec::new();
    let (mut allowed, mut arrived) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let sightings = seen.remove(&number).unwrap_or_default();
        let expected: Vec<Sighting> = match case.allowed {
            None => Vec::new(),
            Some("plain") => vec![("plain".into(), Vec::new())],
            Some(name) => vec![("trunk".into(), tags_of(name)), (name.into(), Vec::new())],
        };
        allowed += usize::from(case.allowed.is_some());
        arrived += usize::from(case.allowed.is_some() && sightings == expected);
        let stray = sightings.iter().filter(|one| !expected.contains(one));
        leaked.extend(stray.map(|one| format!("{} was seen at {one:x?}", case.name)));
    }
    println!(
        "tried {}, allowed {allowed}, arrived {arrived}, leaked {}",
        cases.len(),
        leaked.len()
    );
    ensure!(
        leaked.is_empty(),
        "{} leaks:\n{}",
        leaked.len(),
        leaked.join("\n")
    );
    ensure!(allowed == arrived, "{arrived} of {allowed} arrived");
    Ok(())
}

#[test]
fn frames_of_tags_that_are_no_ports_reach_the_hosts_stack_as_they_were() -> Result<()> {
    let scene = Scene::start("unknown tags")?;
    // A packet socket on the trunk sees frames before anybody judges them; what the
    // stack makes of them is seen by its answer, of which there must be none.
    let trunk = scene.switch.frames()?;
    let question =
        peer_tests::frame::who_has(scene.grey.mac()?, scene.grey.v4, scene.grey.gateway4);
    let answers = |tags: &[Tag]| -> Result<bool> {
        trunk.send(&tagged(&question, tags))?;
        let answer = |frame: &[u8]| {
            let (_, frame) = untagged(frame);
            peer_tests::frame::is_answer_for(&frame, scene.grey.gateway4).then_some(())
        };
        Ok(trunk.receive(Duration::from_millis(500), answer)?.is_some())
    };
    wait_until("the untagged question is answered", SOON, || {
        ensure!(answers(&[])?);
        Ok(())
    })?;
    for tags in TAGS.iter().skip(2) {
        ensure!(!answers(tags)?, "{tags:x?} was answered");
    }
    answers(&[(Q, 0)])?
        .then_some(())
        .context("a priority tag is none")
}
