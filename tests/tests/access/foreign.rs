//! Callers that show who they are as clients of UpCloud and Outscale do.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use peer_tests::{Answer, Ask, Bare, documents::network};
use serde_json::Value;

use super::{
    signing::{Signer, basic},
    world,
};

const BLUE: Signer = Signer {
    key: "BLUEKEY",
    secret: "blue/secret+of=ours",
};
const GREEN: Signer = Signer {
    key: "GREENKEY",
    secret: "green",
};
const NOW: Duration = Duration::ZERO;
const APPLY: (&str, &str) = ("POST", "/v1/apply");

/// A daemon that knows both keys: of blue-team's admin, and of green-team's viewer.
fn start(tag: &str) -> Result<Bare> {
    let mut bare = Bare::prepare(tag, 2)?;
    bare.daemon.configure(&format!(
        "access:\n\
         - {{ accessKey: {}, secretKey: {}, namespaces: [blue-team], role: admin }}\n\
         - {{ accessKey: {}, secretKey: {}, namespaces: [green-team], role: viewer }}\n\
         - {{ accessKey: {}, secretKey: {}, namespaces: [red-team], role: viewer }}\n",
        BLUE.key, BLUE.secret, GREEN.key, GREEN.secret, GREEN.key, GREEN.secret
    ))?;
    bare.daemon.listen()?;
    bare.daemon.start()?;
    Ok(bare)
}

/// The document of a network of blue-team's.
fn document(name: &str) -> String {
    network(&format!("blue-team/{name}"), "p1", &["10.1.0.0/16"]).to_string()
}

fn networks(bare: &Bare) -> Result<usize> {
    Ok(bare.daemon.api().list("/v1/networks")?.len())
}

#[test]
fn a_tokens_name_and_the_token_are_a_user_and_a_password() -> Result<()> {
    let bare = world::start("basic")?;
    let tcp = bare.daemon.api_with(None)?;
    let list = |name: &str, password: &str| {
        let ask = Ask::new("GET", "/v1/networks");
        tcp.send(&ask.header("Authorization", &basic(name, password)))
    };
    let as_bearer = |token: &str| bare.daemon.api_with(Some(token))?.list("/v1/networks");
    for name in ["blue-viewer", "all-viewer", "twice"] {
        let token = format!("{name}-secret");
        let found = list(name, &token)?.expect(200).context(name)?;
        assert_eq!(found["items"], Value::Array(as_bearer(&token)?), "{name}");
    }
    for (name, password) in [
        ("blue-viewer", "blue-viewer-secreT"),
        ("blue-viewer", ""),
        ("blue-admin", "blue-viewer-secret"),
        ("", "blue-viewer-secret"),
        ("blue-viewer-secret", ""),
        ("root", "blue-viewer-secret"),
    ] {
        let refused = list(name, password)?.refused(401, "unauthenticated");
        refused.with_context(|| format!("{name}:{password}"))?;
    }
    Ok(())
}

#[test]
fn whoever_signs_with_a_known_key_may_do_what_it_may() -> Result<()> {
    let bare = start("signed")?;
    let tcp = bare.daemon.api_with(None)?;
    let body = document("signed");
    let made = tcp
        .send(&BLUE.ask(APPLY, [&body, &body], NOW))?
        .expect(200)?;
    assert_eq!(made["changes"][0]["action"], "create", "{made}");
    let get = ("GET", "/v1/networks");
    let listed = tcp.send(&BLUE.ask(get, ["", ""], NOW))?.expect(200)?;
    assert_eq!(listed["items"][0]["metadata"]["name"], "signed", "{listed}");
    let listed = tcp.send(&GREEN.ask(get, ["", ""], NOW))?.expect(200)?;
    assert_eq!(listed["items"], serde_json::json!([]));
    let body = document("by-another");
    let answer = tcp.send(&GREEN.ask(APPLY, [&body, &body], NOW))?;
    answer.refused(403, "forbidden")?;
    assert_eq!(networks(&bare)?, 1);
    Ok(())
}

#[test]
fn a_signature_by_another_secret_of_another_body_or_another_time_is_refused() -> Result<()> {
    let bare = start("not signed")?;
    let tcp = bare.daemon.api_with(None)?;
    let (body, other) = (document("signed"), document("sent"));
    let wrong = Signer {
        secret: "wrong",
        ..BLUE
    };
    let mixed = Signer {
        secret: GREEN.secret,
        ..BLUE
    };
    let unknown = Signer {
        key: "NOBODYS",
        ..BLUE
    };
    let hour = Duration::from_secs(3600);
    for (what, ask, reason) in [
        (
            "secret",
            wrong.ask(APPLY, [&body, &body], NOW),
            "secret key of BLUEKEY",
        ),
        (
            "another's secret",
            mixed.ask(APPLY, [&body, &body], NOW),
            "secret key of BLUEKEY",
        ),
        (
            "body",
            BLUE.ask(APPLY, [&body, &other], NOW),
            "secret key of BLUEKEY",
        ),
        ("time", BLUE.ask(APPLY, [&body, &body], hour), "15 minutes"),
        (
            "key",
            unknown.ask(APPLY, [&body, &body], NOW),
            "no access key NOBODYS",
        ),
    ] {
        let said = tcp
            .send(&ask)?
            .refused(401, "unauthenticated")
            .context(what)?;
        assert!(said.contains(reason), "{what}: {said}");
    }
    assert_eq!(networks(&bare)?, 0);
    let log = bare.daemon.log();
    assert!(!log.contains(BLUE.secret), "{log}");
    Ok(())
}

#[test]
fn a_strangers_body_is_not_waited_for_and_a_signed_one_not_beyond_a_mebibyte() -> Result<()> {
    let bare = start("unread")?;
    let tcp = bare.daemon.api_with(None)?;
    let send = |signer: Signer, length: usize| -> Result<Answer> {
        let head = signer.ask(APPLY, ["", ""], NOW);
        let mut line = tcp.connect()?;
        line.write_all(
            head.text()
                .replace("Content-Length: 0", &format!("Content-Length: {length}"))
                .as_bytes(),
        )?;
        Answer::read(line)
    };
    let started = Instant::now();
    let unknown = Signer {
        key: "NOBODYS",
        ..BLUE
    };
    send(unknown, 1000)?.refused(401, "unauthenticated")?;
    send(BLUE, (1 << 20) + 1)?.refused(413, "too-large")?;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(25), "a body has 30 s: {took:?}");
    Ok(())
}

#[test]
fn refusals_are_in_the_words_of_the_api_asked() -> Result<()> {
    let bare = start("words")?;
    let tcp = bare.daemon.api_with(None)?;
    let answer = tcp.call("GET", "/1.3/network-peering")?;
    let said = answer.expect(401)?;
    assert_eq!(said["error"]["error_code"], "AUTHENTICATION_FAILED");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Basic realm=\"peerd\"")
    );
    // osc-cli asks with two slashes.
    for path in ["/api/v1/ReadNets", "//api/latest/ReadNets"] {
        let said = tcp.call("POST", path)?.expect(401).context(path)?;
        assert_eq!(said["Errors"][0]["Type"], "AccessDenied", "{path}: {said}");
        assert!(
            said["ResponseContext"]["RequestId"].is_string(),
            "{path}: {said}"
        );
    }
    let answer = tcp.call("GET", "//v1/networks")?;
    answer.refused(401, "unauthenticated").map(drop)
}

#[test]
fn on_the_socket_no_header_is_looked_at() -> Result<()> {
    let bare = start("headers on the socket")?;
    let root = bare.daemon.api();
    let wrong = Signer {
        key: "NOBODYS",
        ..BLUE
    };
    let body = document("by-root");
    root.send(&wrong.ask(APPLY, ["", &body], NOW))?
        .expect(200)?;
    for wrong in [&basic("a", "b"), "Basic %", ""] {
        let ask = Ask::new("GET", "/v1/networks").header("Authorization", wrong);
        root.send(&ask)?.expect(200).context(wrong.to_owned())?;
    }
    // A path begins with one slash here, too.
    root.get("//v1/networks").map(drop)
}

#[test]
fn a_daemon_whose_secrets_others_can_read_does_not_start() -> Result<()> {
    let mut bare = start("open secrets")?;
    bare.daemon.terminate()?;
    let file = bare.lab.folder().join("peerd.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    assert!(bare.daemon.start().is_err());
    bare.daemon.kill9()?;
    let log = bare.daemon.log();
    assert!(log.contains("run `chmod 640 "), "{log}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640))?;
    bare.daemon.start()
}
