//! Which daemon is asked, as whom, and how it ends where there is none.

use std::{os::unix::net::UnixListener, process::Command};

use anyhow::Result;
use peer_tests::{Bare, process};

use super::ask::{done, ended, refused};

/// The SHA-256 of `secret`.
const HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

#[test]
fn over_tcp_the_token_of_the_environment_says_who_asks() -> Result<()> {
    let mut bare = Bare::prepare("tcp", 5)?;
    bare.daemon.configure(&format!(
        "access: [{{ token: ci, sha256: {HASH}, namespaces: [blue-team], role: operator }}]"
    ))?;
    bare.daemon.listen()?;
    bare.daemon.start()?;
    bare.declare_networks()?;
    let tcp = |line: &str, token: Option<&str>| {
        let words: Vec<&str> = line.split_whitespace().collect();
        bare.daemon.peerctl_over_tcp(&words, token)
    };
    let networks = tcp("get networks -A -o json", Some("secret"))?.ok()?;
    assert!(
        networks.contains("blue-team") && !networks.contains("green-team"),
        "{networks}"
    );
    tcp("request blue-team/blue green-team/green", Some("secret"))?.ok()?;
    tcp(
        "wait blue-team/to-green --for pending --timeout 5s",
        Some("secret"),
    )?
    .ok()?;
    let refused = ended(&tcp("delete network blue-team/blue", Some("secret"))?, 1)?;
    assert!(refused.stderr.contains("blue-team"), "{refused}");
    for token in [None, Some("wrong"), Some("")] {
        let output = tcp("get networks -A", token)?;
        assert!(matches!(output.code, Some(1 | 64)), "{token:?}: {output}");
        assert!(output.stdout.is_empty(), "{output}");
    }
    let said = tcp("get networks -A", Some("wrong"))?.said();
    assert!(!said.contains("wrong"), "the token is not told: {said}");
    Ok(())
}

#[test]
fn where_nobody_answers_it_ends_with_69() -> Result<()> {
    let mut bare = Bare::prepare("nobody", 0)?;
    let said = refused(&bare.daemon, "get networks -A", 69)?;
    assert!(said.contains("peerd.sock"), "{said}");
    bare.daemon.start()?;
    done(&bare.daemon, "get networks -A")?;
    bare.daemon.kill9()?;
    for line in [
        "get networks -A",
        "status",
        "monitor peerings",
        "apply -f -",
        "undo",
    ] {
        refused(&bare.daemon, line, 69)?;
    }
    // Something else that answers is no peerd.
    std::fs::remove_file(&bare.daemon.socket)?;
    let other = UnixListener::bind(&bare.daemon.socket)?;
    let answering = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut line, _) = other.accept()?;
        let _ = line.read(&mut [0; 4096])?;
        line.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    });
    refused(&bare.daemon, "get networks -A", 69)?;
    answering.join().unwrap()?;
    Ok(())
}

#[test]
fn wrong_usage_ends_with_64() -> Result<()> {
    let bare = Bare::start("usage", 0)?;
    for line in [
        "",
        "nonsense",
        "get",
        "get nonsense",
        "get networks -A -n blue-team",
        "get networks --nonsense",
        "apply",
        "request blue-team/blue",
        "request blue-team/blue green-team/green --hops 3",
        "accept blue-team/ask --allow tpc:80",
        "wait blue-team/ask --for nonsense",
        "wait blue-team/ask --for active --timeout soon",
        "apply -f - --confirm-timeout 0s",
        "delete table blue-team/blue",
        "get routes --state active",
    ] {
        refused(&bare.daemon, line, 64)?;
    }
    let help = done(&bare.daemon, "get --help")?;
    assert!(help.contains("--namespace"), "{help}");
    done(&bare.daemon, "--version")?;
    let script = done(&bare.daemon, "completions bash")?;
    assert!(script.contains("peerctl"), "{script}");
    Ok(())
}

#[test]
fn the_socket_is_named_by_an_option_or_the_environment() -> Result<()> {
    let bare = Bare::start("which socket", 0)?;
    let peerctl = |variable: &str, value: &str, line: &str| {
        let mut peerctl = Command::new(&bare.daemon.programs.peerctl);
        peerctl.env(variable, value).args(line.split_whitespace());
        process::run(&mut peerctl, process::SHORT)
    };
    let socket = bare.daemon.socket.display().to_string();
    peerctl("PEERD_SOCKET", &socket, "status")?.ok()?;
    let other = format!("{socket}.absent");
    ended(&peerctl("PEERD_SOCKET", &other, "status")?, 69)?;
    let line = format!("--socket {socket} status");
    peerctl("PEERD_SOCKET", &other, &line)?.ok()?;
    peerctl("PEERD_SERVER", "http://127.0.0.1:9", &line)?.ok()?;
    // Over TCP nothing is asked without a token.
    let nowhere = peerctl("PEERD_SERVER", "http://127.0.0.1:9", "status")?;
    ended(&nowhere, 64).map(drop)
}
