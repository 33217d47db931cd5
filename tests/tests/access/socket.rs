//! Who the daemon takes somebody for.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use anyhow::{Context as _, Result};
use peer_tests::{Ask, Bare, User};

use super::{callers, world};

#[test]
fn only_root_and_the_sockets_group_can_connect() -> Result<()> {
    let bare = Bare::start("socket's group", 0)?;
    let socket = &bare.daemon.socket;
    let found = std::fs::metadata(socket)?;
    assert_eq!((found.mode() & 0o777, found.uid()), (0o660, 0));
    assert!(bare.daemon.api_as(&User::new(60_100)).connect().is_err());
    // As an operator gives it to a group.
    std::os::unix::fs::chown(socket, None, Some(61_100))?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o660))?;
    let member = User::new(60_100).member_of(61_100);
    bare.daemon.api_as(&member).get("/v1/networks")?;
    assert!(bare.daemon.api_as(&User::new(60_100)).connect().is_err());
    Ok(())
}

#[test]
fn a_token_on_the_socket_and_a_user_on_tcp_are_worth_nothing() -> Result<()> {
    let bare = world::start("who is who")?;
    let nobody = bare.daemon.api_as(&User::new(60_000));
    let networks = nobody
        .with_token("all-viewer-secret")
        .list("/v1/networks")?;
    assert!(networks.is_empty(), "{networks:?}");
    // Whoever runs the tests is root, which TCP does not know.
    let answer = bare.daemon.api_with(None)?.call("GET", "/v1/networks")?;
    answer.refused(401, "unauthenticated")?;
    for wrong in [
        "Basic YWxsLXZpZXdlci1zZWNyZXQ=",
        "Bearer",
        "all-viewer-secret",
        "",
    ] {
        let ask = Ask::new("GET", "/v1/networks").header("Authorization", wrong);
        let answer = bare.daemon.api_with(None)?.send(&ask)?;
        answer.refused(401, "unauthenticated").context(wrong)?;
    }
    let ask = Ask::new("GET", "/v1/networks").header("Authorization", "bearer all-viewer-secret");
    let answer = bare.daemon.api_with(None)?.send(&ask)?;
    assert_eq!(answer.status, 200, "schemes have no case: {answer:?}");
    Ok(())
}

#[test]
fn tokens_are_written_nowhere() -> Result<()> {
    let bare = world::start("tokens")?;
    for bearer in callers::bearers() {
        bearer.api(&bare.daemon)?.call("GET", "/v1/status")?;
    }
    let log = bare.daemon.log();
    assert!(!log.contains("-secret"), "{log}");
    Ok(())
}

#[test]
fn a_daemon_with_a_wrong_peerd_yaml_does_not_start() -> Result<()> {
    let mut bare = Bare::prepare("wrong peerd.yaml", 0)?;
    for wrong in [
        "access: [{ user: a, namespaces: [b], role: root }]",
        "access: [{ token: a, namespaces: [b], role: viewer }]",
        "acces: []",
        "access: [",
    ] {
        bare.daemon.configure(wrong)?;
        assert!(bare.daemon.start().is_err(), "{wrong}");
        bare.daemon.kill9()?;
    }
    let log = bare.daemon.log();
    assert!(log.contains("peerd.yaml"), "it names the file: {log}");
    Ok(())
}
