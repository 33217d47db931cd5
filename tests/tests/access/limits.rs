//! Callers that dawdle, and callers that come in crowds.

use std::{
    io::Read as _,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use peer_tests::{Answer, Api, Ask, Bare, SOON, User, wait_until};

/// How long it takes until a connection is closed on which `text` is sent byte by
/// byte, and what is answered.
fn dribble(api: &Api, at_once: &str, then: &str) -> Result<(Duration, String)> {
    let started = Instant::now();
    let mut line = api.connect()?;
    line.write_all(at_once.as_bytes())?;
    let mut rest = then.bytes().cycle();
    while started.elapsed() < Duration::from_secs(60) {
        let byte = [rest.next().unwrap_or(b' ')];
        if line.write_all(&byte).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    let mut answer = String::new();
    // Cut off it may have been in the middle.
    let _ = line.read_to_string(&mut answer);
    Ok((started.elapsed(), answer))
}

#[test]
fn slow_heads_and_slow_bodies_are_cut_off() -> Result<()> {
    let mut bare = Bare::prepare("slow", 0)?;
    bare.daemon.listen()?;
    let token = "a".repeat(64);
    bare.daemon.configure(&format!(
        "access: [{{ token: a, sha256: {token}, namespaces: [a], role: viewer }}]"
    ))?;
    bare.daemon.start()?;
    let root = bare.daemon.api();
    let tcp = bare.daemon.api_with(None)?;
    let body = "POST /v1/networks HTTP/1.1\r\nHost: peerd\r\nContent-Type: application/yaml\r\n\
                Content-Length: 1000\r\n\r\n";
    thread::scope(|scope| {
        let head = |api: &'static str| (api, "GET /v1/networks HTTP/1.1\r\n", "x-slow: yes\r\n");
        let heads =
            [(&root, head("socket")), (&tcp, head("tcp"))].map(|(api, (way, at_once, then))| {
                scope.spawn(move || (way, dribble(api, at_once, then)))
            });
        let silent = scope.spawn(|| {
            let started = Instant::now();
            let mut line = tcp.connect()?;
            let read = line.read(&mut [0; 100]);
            Ok::<_, anyhow::Error>((started.elapsed(), read))
        });
        let body = scope.spawn(|| dribble(&root, body, " "));
        for head in heads {
            let (way, outcome) = head.join().unwrap();
            let (took, answer) = outcome?;
            let bounds = Duration::from_secs(9)..Duration::from_secs(25);
            assert!(bounds.contains(&took), "head on {way}: {took:?} {answer}");
        }
        let (took, read) = silent.join().unwrap()?;
        assert!(took < Duration::from_secs(25), "silence: {took:?} {read:?}");
        let (took, answer) = body.join().unwrap()?;
        let bounds = Duration::from_secs(28)..Duration::from_secs(50);
        assert!(bounds.contains(&took), "body: {took:?} {answer}");
        let answer = Answer::read(answer.as_bytes())?;
        answer.refused(408, "timeout").map(drop)
    })
}

#[test]
fn one_user_has_at_most_64_connections_and_others_do_not_feel_it() -> Result<()> {
    let mut bare = Bare::prepare("crowd", 0)?;
    bare.daemon
        .configure("access: [{ user: \"60400\", namespaces: [a], role: viewer }]")?;
    bare.daemon.start()?;
    bare.daemon.open_socket()?;
    let crowd = bare.daemon.api_as(&User::new(60_400));
    let mut lines = Vec::new();
    for _ in 0..64 {
        let mut line = crowd.connect()?;
        line.write_all(b"GET /v1/networks HTTP/1.1\r\nHost: peerd\r\n\r\n")?;
        // Answered, so it counts, and it stays open.
        let mut start = [0; 12];
        line.read_exact(&mut start)?;
        assert_eq!(&start, b"HTTP/1.1 200");
        lines.push(line);
    }
    let get = Ask::new("GET", "/v1/networks");
    for _ in 0..3 {
        assert!(crowd.send(&get).is_err(), "one more is not served");
    }
    bare.daemon
        .api_as(&User::new(60_401))
        .send(&get)?
        .expect(200)?;
    for _ in 0..100 {
        bare.daemon.api().send(&get)?.expect(200)?;
    }
    lines.pop();
    wait_until("there is room again", SOON, || {
        let answer = crowd.send(&get)?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(())
    })
}
