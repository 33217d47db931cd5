//! What time alone does to a NetPeering.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::{Result, ensure};
use peer_tests::{Bare, SOON, wait_until};
use serde_json::json;

use super::calls::{BLUE, GREEN, RED, TRANSITION, id, start, state};

/// Start the daemon again, so many seconds later in the host's life.
fn later(bare: &mut Bare, peerd: &Path, seconds: u64) -> Result<()> {
    bare.daemon.terminate()?;
    let script = bare.lab.folder().join(format!("peerd-{seconds}"));
    let peerd = peerd.display();
    let line = format!("exec unshare --time --boottime {seconds} -- {peerd} \"$@\"");
    fs::write(&script, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    bare.daemon.programs.peerd = script;
    bare.daemon.start()
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

#[test]
fn a_request_expires_after_seven_days_and_what_ended_is_listed_for_an_hour() -> Result<()> {
    let (mut bare, client) = start("seven days")?;
    let peerd = bare.daemon.programs.peerd.clone();
    let waiting = id(&client.request(BLUE, GREEN)?);
    let rejected = id(&client.request(BLUE, RED)?);
    client.ok("RejectNetPeering", json!({ "NetPeeringId": rejected }))?;
    let active = client.peer(GREEN, RED)?;

    later(&mut bare, &peerd, HOUR / 2)?;
    assert_eq!(state(&client.read(&rejected)?).0, "rejected");
    client.wait_state(&waiting, "pending-acceptance")?;
    later(&mut bare, &peerd, HOUR + 600)?;
    let gone = |pcx: &str| {
        wait_until(&format!("{pcx} is listed no more"), SOON, || {
            let found = client.list(json!({ "NetPeeringIds": [pcx] }))?;
            ensure!(found.is_empty(), "{found:?}");
            Ok(())
        })
    };
    gone(&rejected)?;
    later(&mut bare, &peerd, 7 * DAY - HOUR)?;
    client.wait_state(&waiting, "pending-acceptance")?;
    later(&mut bare, &peerd, 7 * DAY + HOUR / 2)?;
    let expired = client.wait_state(&waiting, "expired")?;
    assert!(expired["ExpirationDate"].is_null());
    for action in ["AcceptNetPeering", "RejectNetPeering", "DeleteNetPeering"] {
        client.refused(action, json!({ "NetPeeringId": waiting }), TRANSITION)?;
    }
    client.wait_state(&active, "active")?;
    // An expired one is in nobody's way.
    let again = id(&client.request(BLUE, GREEN)?);
    assert_ne!(again, waiting);
    later(&mut bare, &peerd, 7 * DAY + 2 * HOUR)?;
    gone(&waiting)?;
    client.wait_state(&again, "pending-acceptance").map(drop)
}
