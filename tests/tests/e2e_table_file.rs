//! A bad table file harms nothing and is told precisely.

use std::{fs, thread, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{SOON, Scene, wait_until};

/// Wrong in two places: host bits set in line 5, an unknown field in line 6.
const TWO_ERRORS: &str = "\
apiVersion: peerd/v1
kind: Network
metadata: { namespace: blue-team, name: blue }
spec:
  prefixes: [10.1.2.3/16]
  colour: blue
";

#[test]
fn a_broken_file_leaves_the_last_good_version_in_force() -> Result<()> {
    let mut scene = Scene::start("broken file")?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.daemon.write_table(TWO_ERRORS)?;
    wait_until("the log names the file and the line", SOON, || {
        ensure!(scene.daemon.log().contains("table.yaml:5:"), "it does not");
        Ok(())
    })?;
    assert_eq!(scene.status("blue", "green")?.state, "active");
    scene.assert_connected(&scene.green, &scene.red)?;
    pings.assert_none_lost()?;
    scene.edit(|table| table.without_consent("green", "red"))?;
    scene.wait_state("red", "green", "pending").map(drop)
}

#[test]
fn check_names_file_line_and_column_of_every_error() -> Result<()> {
    let scene = Scene::prepare("check")?;
    let file = scene.daemon.table.display().to_string();
    scene.daemon.write_table(TWO_ERRORS)?;
    let checked = scene.daemon.peerctl(&["check", "-f", &file])?;
    assert_ne!(checked.code, Some(0), "{checked}");
    let said = checked.said();
    for (line, names) in [(5, "10.1.0.0/16"), (6, "colour")] {
        let place = format!("{file}:{line}:");
        let told = said.lines().find_map(|text| text.split_once(&place));
        let rest = told.map(|(_, rest)| rest).unwrap_or_default();
        assert!(
            rest.starts_with(|column: char| column.is_ascii_digit()),
            "no {place}COLUMN in\n{said}"
        );
        assert!(said.contains(names), "`{names}` is not named in\n{said}");
    }
    Ok(())
}

#[test]
fn check_says_where_yaml_itself_is_broken() -> Result<()> {
    let scene = Scene::prepare("syntax")?;
    let file = scene.daemon.table.display().to_string();
    scene
        .daemon
        .write_table("apiVersion: peerd/v1\nkind: Network\nmetadata: { name: [\n")?;
    let checked = scene.daemon.peerctl(&["check", "-f", &file])?;
    assert_ne!(checked.code, Some(0), "{checked}");
    assert!(checked.said().contains(&format!("{file}:")), "{checked}");
    Ok(())
}

#[test]
fn check_finds_nothing_wrong_with_a_good_file_and_needs_no_daemon() -> Result<()> {
    let scene = Scene::prepare("good file")?;
    let file = scene.daemon.table.display().to_string();
    scene
        .daemon
        .peerctl(&["check", "-f", &file])?
        .ok()
        .map(drop)
}

#[test]
fn an_emptied_or_vanished_file_withdraws_nothing() -> Result<()> {
    let mut scene = Scene::start("emptied file")?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.daemon.write_table("")?;
    thread::sleep(Duration::from_secs(1));
    scene.assert_connected(&scene.green, &scene.red)?;
    fs::remove_file(&scene.daemon.table)?;
    thread::sleep(Duration::from_secs(1));
    scene.assert_connected(&scene.green, &scene.red)?;
    assert_eq!(scene.status("blue", "green")?.state, "active");
    pings.assert_none_lost()?;
    // It is still watched.
    scene.edit(|table| table.without_consent("green", "blue"))?;
    scene.wait_state("blue", "green", "pending").map(drop)
}

#[test]
fn one_bad_document_in_a_directory_of_tables_blocks_no_other_file() -> Result<()> {
    let mut scene = Scene::prepare("directory")?;
    let folder = scene.lab.folder().join("tables");
    fs::create_dir(&folder)?;
    fs::write(folder.join("good.yaml"), scene.table.to_string())?;
    fs::write(folder.join("bad.yaml"), TWO_ERRORS)?;
    scene.daemon.table = folder;
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    assert!(scene.daemon.log().contains("bad.yaml:5:"), "it is told");
    Ok(())
}

#[test]
fn a_document_may_move_to_another_file() -> Result<()> {
    let mut scene = Scene::prepare("moved document")?;
    let folder = scene.lab.folder().join("tables");
    fs::create_dir(&folder)?;
    let all = scene.table.to_string();
    let (first, rest) = all.split_once("\n---\n").unwrap_or_default();
    fs::write(folder.join("b.yaml"), &all)?;
    scene.daemon.table = folder.clone();
    scene.daemon.start()?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    // Made in its new place before it is broken off the old one.
    fs::write(folder.join("a.yaml"), first)?;
    thread::sleep(Duration::from_millis(300));
    fs::write(folder.join("b.yaml"), rest)?;
    thread::sleep(Duration::from_millis(300));
    // A file given another name.
    fs::rename(folder.join("b.yaml"), folder.join("c.yaml"))?;
    thread::sleep(Duration::from_millis(300));
    pings.assert_none_lost()?;
    wait_until("all are in force", SOON, || {
        let status = scene.daemon.peerctl(&["status"])?;
        for file in ["a.yaml", "c.yaml"] {
            let told = format!("{file}: in force");
            ensure!(status.said().contains(&told), "{status}");
        }
        Ok(())
    })?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_table_directory_exchanged_as_a_whole_is_noticed() -> Result<()> {
    let mut scene = Scene::prepare("exchanged directory")?;
    let folder = scene.lab.folder().join("tables");
    let next = scene.lab.folder().join("next");
    fs::create_dir(&folder)?;
    fs::create_dir(&next)?;
    fs::write(folder.join("t.yaml"), scene.table.to_string())?;
    let without = scene.table.clone().without_consent("green", "blue");
    fs::write(next.join("t.yaml"), without.to_string())?;
    scene.daemon.table = folder.clone();
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    fs::rename(&folder, scene.lab.folder().join("old"))?;
    fs::rename(&next, &folder)?;
    wait_until("the withdrawal", SOON, || {
        let state = scene.status("blue", "green")?.state;
        ensure!(state == "pending", "{state}");
        Ok(())
    })?;
    scene.assert_separated(&scene.blue, &scene.green)
}
