//! The lab itself, so that what fails elsewhere is peerd's doing.

use std::{panic, time::Duration};

use anyhow::Result;
use peer_tests::{
    Direction, Hook, Lab, SOON, Udp, frame, residue, tcp_transfer, udp_round_trips, wait_until,
};

/// A lab whose kernel routes.
fn routing_lab(tag: &str) -> Result<Lab> {
    let lab = Lab::new(tag)?;
    lab.route_in_kernel(true)?;
    Ok(lab)
}

#[test]
fn with_kernel_routing_the_lab_carries_every_kind_of_traffic() -> Result<()> {
    let lab = routing_lab("kernel routing")?;
    let (blue, green) = (lab.host("blue")?, lab.host("green")?);
    for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
        assert!(blue.ping(to, 1)?.none_lost(), "first ping to {to}");
        assert_eq!(
            udp_round_trips((&blue, from), (&green, to), 5, 1000)?,
            5,
            "to {to}"
        );
        for direction in [Direction::Upload, Direction::Download] {
            let moved = tcp_transfer(&blue, &green, to, direction, 1)?;
            assert!(moved.bytes > 1_000_000, "{direction:?} {to}: {moved}");
        }
    }
    let pings = blue.ping_meanwhile(green.v4)?;
    std::thread::sleep(Duration::from_millis(500));
    pings.assert_none_lost()?;
    Ok(())
}

#[test]
fn without_a_daemon_nothing_is_forwarded() -> Result<()> {
    let lab = Lab::new("no daemon")?;
    let (blue, green) = (lab.host("blue")?, lab.host("green")?);
    for (gateway, to) in blue.gateways().into_iter().zip(green.addresses()) {
        blue.assert_reaches(gateway)?;
        blue.assert_unanswered(to)?;
    }
    Ok(())
}

#[test]
fn a_frame_made_by_hand_arrives_and_is_read_back() -> Result<()> {
    let lab = routing_lab("frames")?;
    let (blue, green) = (lab.host("blue")?, lab.host("green")?);
    let (sender, receiver) = (blue.frames()?, green.frames()?);
    let (from_mac, to_mac) = (blue.mac()?, lab.router.mac(&blue.port)?);
    for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
        let sent = Udp {
            to_mac,
            from_mac,
            from,
            to,
            ttl: 9,
            payload: b"by hand".to_vec(),
        };
        sender.send(&sent.frame())?;
        let found = receiver.receive(SOON, Udp::parse)?;
        let expected = Udp {
            to_mac: green.mac()?,
            from_mac: lab.router.mac(&green.port)?,
            ttl: 8,
            ..sent
        };
        assert_eq!(found, Some(expected));
    }
    for gateway in blue.gateways() {
        let own = if gateway.is_ipv4() { blue.v4 } else { blue.v6 };
        sender.send(&frame::who_has(from_mac, own, gateway))?;
        let answered = sender.receive(SOON, |frame| {
            frame::is_answer_for(frame, gateway).then_some(())
        })?;
        assert!(answered.is_some(), "nobody answered for {gateway}");
    }
    Ok(())
}

#[test]
fn a_lab_that_ends_or_panics_leaves_nothing_behind() -> Result<()> {
    let build = || -> Result<(Lab, std::process::Child)> {
        let lab = Lab::new("residue")?;
        let host = lab.host("blue")?;
        let forgotten = host.ns.command("sleep").arg("600").spawn()?;
        // The namespace's process counts only once nsenter has entered it.
        wait_until("sleep runs", SOON, || {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", forgotten.id()))?;
            anyhow::ensure!(name.trim() == "sleep", "it is still {name}");
            Ok(())
        })?;
        Ok((lab, forgotten))
    };
    let (lab, mut forgotten) = build()?;
    let id = lab.id().to_owned();
    assert!(!residue(&id).is_empty(), "a lab that is up is to be seen");
    drop(lab);
    assert_eq!(residue(&id), [""; 0].map(std::path::PathBuf::from), "ended");
    assert!(!forgotten.wait()?.success(), "its processes are killed");

    let (lab, mut forgotten) = build()?;
    let id = lab.id().to_owned();
    let outcome = panic::catch_unwind(move || {
        let _lab = lab;
        panic!("as a failing test does");
    });
    assert!(outcome.is_err());
    assert!(residue(&id).is_empty(), "panicked");
    assert!(!forgotten.wait()?.success());
    Ok(())
}

#[test]
fn a_foreign_xdp_program_stays_while_it_is_held() -> Result<()> {
    let lab = Lab::new("foreign XDP")?;
    let port = lab.host("blue")?.port;
    let foreign = lab.router.foreign_xdp(&port)?;
    assert_eq!(lab.router.programs_at(&port, Hook::Xdp)?, 1);
    assert_eq!(lab.router.programs_at(&port, Hook::TcxIngress)?, 0);
    drop(foreign);
    assert_eq!(lab.router.programs_at(&port, Hook::Xdp)?, 0);
    Ok(())
}
