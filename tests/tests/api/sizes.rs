//! How large a body may be, and how deep a document.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use peer_tests::{Answer, Api, Ask, Bare, documents::network};

const LIMIT: usize = 1 << 20;

/// A head that claims a body of a size, and no body.
fn claim(api: &Api, target: &str, size: usize) -> Result<Answer> {
    let mut line = api.connect()?;
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    );
    line.write_all(head.as_bytes())?;
    Answer::read(line)
}

#[test]
fn a_body_that_is_too_large_is_refused_by_what_its_head_claims() -> Result<()> {
    let bare = Bare::start("claimed size", 0)?;
    let api = bare.daemon.api();
    for target in ["/v1/networks", "/v1/peerings", "/v1/peerings/a/b/accept"] {
        let answer = claim(&api, target, LIMIT + 1)?;
        answer.refused(413, "too-large").context(target)?;
    }
    claim(&api, "/v1/apply", (64 << 20) + 1)?.refused(413, "too-large")?;
    Ok(())
}

#[test]
fn a_body_that_is_too_large_is_refused_as_it_comes() -> Result<()> {
    let bare = Bare::start("chunked size", 0)?;
    let mut line = bare.daemon.api().connect()?;
    line.write_all(
        b"POST /v1/networks HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n\
          Content-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    for _ in 0..32 {
        // The daemon may have stopped listening by then.
        if line.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    Answer::read(line)?.refused(413, "too-large")?;
    Ok(())
}

#[test]
fn a_body_of_exactly_the_limit_is_taken() -> Result<()> {
    let bare = Bare::start("the limit", 1)?;
    let api = bare.daemon.api();
    let document = network("blue-team/blue", "p1", &["10.1.0.0/16"]).to_string();
    let padded = |size: usize| document.clone() + &" ".repeat(size - document.len());
    let post =
        |size| api.send(&Ask::new("POST", "/v1/networks").body("application/json", &padded(size)));
    post(LIMIT)?.expect(201)?;
    post(LIMIT + 1)?.refused(413, "too-large")?;
    // What is too large for one is not for many.
    api.apply("", &padded(4 * LIMIT)).map(drop)
}

#[test]
fn documents_that_unfold_or_nest_without_measure_are_refused_quickly() -> Result<()> {
    let bare = Bare::start("bombs", 0)?;
    let api = bare.daemon.api();
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let copies = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs += &format!("a{level}: &a{level} [{copies}]\n");
    }
    let deep = "[".repeat(200_000);
    let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let maps = "{a: ".repeat(100_000);
    let dashes = "- ".repeat(100_000);
    let spec = format!(r#"{{"spec": {closed}}}"#);
    for body in [&laughs, &deep, &closed, &maps, &dashes, &spec] {
        for target in ["/v1/networks", "/v1/peerings", "/v1/apply"] {
            let started = Instant::now();
            let answer = api.send(&Ask::new("POST", target).yaml(body))?;
            answer.refused(422, "invalid-document").context(target)?;
            let took = started.elapsed();
            let start: String = body.chars().take(20).collect();
            assert!(took < Duration::from_secs(10), "{target} {start}: {took:?}");
        }
        let patch = Ask::new("PATCH", "/v1/networks/a/b").body("application/json", body);
        assert!(matches!(api.send(&patch)?.status, 404 | 422));
        let accept = Ask::new("POST", "/v1/peerings/a/b/accept").body("application/json", body);
        assert!(matches!(api.send(&accept)?.status, 404 | 422));
    }
    api.get("/v1/status").map(drop)
}
