//! check, diff, apply, confirm, undo.

use std::fs;

use anyhow::Result;
use peer_tests::{
    Bare, SOON,
    documents::{consent, network, stream},
};

use super::ask::{done, ended, json, refused, state};

/// Two files in the lab's folder: blue's side and green's.
fn files(bare: &Bare) -> Result<[String; 2]> {
    let sides = [
        (
            "blue.yaml",
            consent("blue-team/to-green", "blue", "green-team/green"),
        ),
        (
            "green.yaml",
            consent("green-team/to-blue", "green", "blue-team/blue"),
        ),
    ];
    let mut paths = sides.map(|(name, side)| (bare.lab.folder().join(name), side));
    for (path, side) in &mut paths {
        fs::write(path, side.to_string())?;
    }
    Ok(paths.map(|(path, _)| path.display().to_string()))
}

#[test]
fn diff_says_what_would_change_and_ends_with_2_and_else_with_0() -> Result<()> {
    let bare = Bare::with_networks("diff")?;
    let peerd = &bare.daemon;
    let [blue, green] = files(&bare)?;
    let both = format!("-f {blue} -f {green}");
    let differs = ended(&super::ask::run(peerd, &format!("diff {both}"))?, 2)?.stdout;
    assert!(differs.contains("create"), "{differs}");
    assert!(
        differs.contains("2 create, 0 update, 0 delete, 0 unchanged"),
        "{differs}"
    );
    assert!(
        json(peerd, "get peerings -A")?["items"]
            .as_array()
            .is_some_and(Vec::is_empty)
    );
    let applied = done(peerd, &format!("apply {both}"))?;
    bare.wait_state("blue-team/to-green", "active")?;
    let same = done(peerd, &format!("diff {both}"))?;
    assert!(
        same.contains("0 create, 0 update, 0 delete, 2 unchanged"),
        "{same} {applied}"
    );
    let one = done(peerd, &format!("diff -f {blue}"))?;
    assert!(one.contains("1 unchanged"), "{one}");
    // With --prune what is not named would go.
    let others = ended(&super::ask::run(peerd, &format!("diff --prune {both}"))?, 2)?.stdout;
    assert!(others.contains("2 delete"), "the networks: {others}");
    assert_eq!(state(peerd, "blue-team/to-green")?, "active");
    Ok(())
}

#[test]
fn a_table_is_applied_from_stdin_and_from_several_files_at_once() -> Result<()> {
    let bare = Bare::start("apply", 2)?;
    let peerd = &bare.daemon;
    let networks = stream(&[
        network("blue-team/blue", "p1", &["10.1.0.0/16"]),
        network("green-team/green", "p2", &["10.2.0.0/16"]),
    ]);
    peerd.peerctl_with(&["apply", "-f", "-"], &networks)?.ok()?;
    let [blue, green] = files(&bare)?;
    done(peerd, &format!("apply --dry-run -f {blue} -f {green}"))?;
    refused(peerd, "get peerings blue-team/to-green", 1)?;
    done(peerd, &format!("apply -f {blue} -f {green}"))?;
    bare.wait_state("blue-team/to-green", "active")?;
    // All or nothing, also over files; what is wrong is named with its file.
    let wrong = bare.lab.folder().join("wrong.yaml").display().to_string();
    fs::write(
        &wrong,
        "kind: Network\napiVersion: peerd/v1\nmetadata: { name: a }\ncolour: b\n",
    )?;
    let another = bare.lab.folder().join("another.yaml").display().to_string();
    fs::write(
        &another,
        network("red-team/red", "p1", &["10.3.0.0/16"]).to_string(),
    )?;
    let said = refused(peerd, &format!("apply -f {another} -f {wrong}"), 1)?;
    assert!(said.contains(&format!("{wrong}:4:")), "{said}");
    refused(peerd, "get networks red-team/red", 1)?;
    let said = refused(peerd, &format!("apply -f {another}.absent"), 1)?;
    assert!(said.contains("another.yaml.absent"), "{said}");
    Ok(())
}

#[test]
fn a_table_is_checked_without_a_daemon() -> Result<()> {
    let bare = Bare::prepare("check", 0)?;
    let peerd = &bare.daemon;
    let [blue, green] = files(&bare)?;
    done(peerd, &format!("check -f {blue} -f {green}"))?;
    let broken = peerd.peerctl_with(&["check", "-f", "-"], "kind: [\n")?;
    ended(&broken, 1).map(drop)
}

#[test]
fn an_apply_is_confirmed_or_taken_back() -> Result<()> {
    let bare = Bare::with_networks("confirm")?;
    let peerd = &bare.daemon;
    let [blue, green] = files(&bare)?;
    done(
        peerd,
        &format!("apply -f {blue} -f {green} --confirm-timeout 60s"),
    )?;
    let said = refused(peerd, &format!("apply -f {blue}"), 1)?;
    assert!(said.contains("confirm"), "{said}");
    done(peerd, "undo")?;
    assert_eq!(state(peerd, "blue-team/to-green")?, "deleted");
    refused(peerd, "undo", 1)?;
    done(
        peerd,
        &format!("apply -f {blue} -f {green} --confirm-timeout 60s"),
    )?;
    done(peerd, "confirm")?;
    refused(peerd, "confirm", 1)?;
    bare.wait_state("blue-team/to-green", "active")?;
    done(
        peerd,
        &format!("apply -f {blue} -f {green} --confirm-timeout 1s"),
    )?;
    let one = bare.lab.folder().join("one.yaml").display().to_string();
    fs::write(
        &one,
        network("red-team/one", "p4", &["10.4.0.0/16"]).to_string(),
    )?;
    done(peerd, &format!("apply -f {one} --confirm-timeout 8s"))?;
    done(peerd, "get networks red-team/one")?;
    peer_tests::wait_until("it is taken back", SOON, || {
        refused(peerd, "get networks red-team/one", 1)
    })?;
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn what_is_checked_as_valid_is_one_stream_and_can_be_applied() -> Result<()> {
    let bare = Bare::with_networks("check as one")?;
    let [blue, _] = files(&bare)?;
    refused(&bare.daemon, &format!("apply -f {blue} -f {blue}"), 1)?;
    let said = refused(&bare.daemon, &format!("check -f {blue} -f {blue}"), 1)?;
    assert!(said.contains("blue-team/to-green"), "{said}");
    Ok(())
}
