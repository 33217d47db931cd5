//! A state directory without a byte to spare: writes are refused, nothing else is.

use std::{collections::BTreeMap, fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::{SOON, Scene, StoreClient, wait_until};
use serde_json::{Value, json};

use super::around::{Mounts, run_by, stuff};

/// Applies before the disk has no room left.
const SOME: usize = 5;

/// Most applies until a disk of two MiB must be full.
const MOST: usize = 100;

/// Longer than the daemon looks away.
const A_LOOK: Duration = Duration::from_secs(6);

/// A scene whose daemon keeps its state on a tiny disk. Declared after the scene,
/// the mounts would be gone before the daemon is.
struct Tight {
    scene: Scene,
    mounts: Mounts,
    api: StoreClient,
}

impl Tight {
    fn start(tag: &str) -> Result<Self> {
        let mut scene = Scene::prepare(tag)?;
        let state = scene.lab.folder().join("state");
        let mounts = Mounts::new(
            &scene,
            &format!(
                "mkdir -p {0}\nmount -t tmpfs -o size=2m tiny {0}",
                state.display()
            ),
        )?;
        let peerd = scene.daemon.programs.peerd.clone();
        run_by(&mut scene, &peerd, &mounts.prefix())?;
        scene.daemon.start()?;
        let api = StoreClient::at(&scene.daemon.socket);
        Ok(Self { scene, mounts, api })
    }

    /// Write some objects, leave the disk no room, and write on until what the store had
    /// left of its own is used up. Returns the body that was refused.
    fn fill(&self) -> Result<String> {
        for number in 0..MOST {
            if number == SOME {
                self.stuff()?;
            }
            let name = |one| format!("fill-{number}-{one}");
            let documents = (0..20).map(|one| network(&name(one)).to_string());
            let body = documents.collect::<Vec<_>>().join("\n---\n");
            let answer = self.api.send("POST", "/v1/apply", &body)?;
            if answer.is_done() {
                continue;
            }
            ensure!(
                number >= SOME,
                "refused before the disk was full: {answer:?}"
            );
            ensure!(
                answer.status == 507 && answer.code() == "storage-full",
                "{answer:?}"
            );
            return self.fill_crumbs(number).map(|()| body);
        }
        bail!("the disk is never full");
    }

    /// Use up what is left for the smallest of writes.
    fn fill_crumbs(&self, begin: usize) -> Result<()> {
        for number in begin..begin + MOST {
            let body = network(&format!("crumb-{number}")).to_string();
            if !self.api.send("POST", "/v1/networks", &body)?.is_done() {
                return Ok(());
            }
        }
        bail!("there is room for ever more")
    }

    /// Delete some of what [`Tight::fill`] wrote; returns the statuses answered.
    fn delete_some(&self) -> Result<Vec<u16>> {
        let delete = |one| {
            let path = format!("/v1/networks/filler/fill-0-{one}");
            Ok(self.api.send("DELETE", &path, "")?.status)
        };
        (0..20).map(delete).collect()
    }

    /// Take what is left of the disk.
    fn stuff(&self) -> Result<()> {
        stuff(&self.stuffing()?)
    }

    fn unstuff(&self) -> Result<()> {
        fs::remove_file(self.stuffing()?).context("there is no stuffing")
    }

    fn stuffing(&self) -> Result<PathBuf> {
        let state = self.scene.lab.folder().join("state");
        self.mounts.inside(&state.join("stuffing"))
    }

    /// Kind, name, uid, generation and spec of everything that is there.
    fn content(&self) -> Result<BTreeMap<String, Value>> {
        let mut all = BTreeMap::new();
        for path in ["/v1/networks", "/v1/peerings?incoming=false"] {
            for shown in self.api.list(path)? {
                let metadata = &shown["metadata"];
                let name = format!(
                    "{} {}/{}",
                    shown["kind"], metadata["namespace"], metadata["name"]
                );
                if shown["status"]["state"] != "deleted" {
                    all.insert(name, json!([metadata, shown["spec"]]));
                }
            }
        }
        Ok(all)
    }
}

fn network(name: &str) -> Value {
    json!({
        "apiVersion": "peerd/v1",
        "kind": "Network",
        "metadata": { "namespace": "filler", "name": name },
        "spec": { "prefixes": ["192.168.0.0/24"], "ports": [] },
    })
}

#[test]
fn a_full_disk_refuses_writes_and_stops_nothing_else() -> Result<()> {
    let mut tight = Tight::start("full disk")?;
    let pings = tight.scene.red.ping_meanwhile(tight.scene.green.v4)?;
    let refused = tight.fill()?;
    let content = tight.content()?;
    println!("{} objects until the disk was full", content.len());
    for _ in 0..3 {
        let answer = tight.api.send("POST", "/v1/apply", &refused)?;
        ensure!(answer.code() == "storage-full", "{answer:?}");
    }
    ensure!(
        tight.content()? == content,
        "a refused write changed something"
    );

    tight
        .scene
        .edit(|table| table.without_consent("green", "blue"))?;
    tight.scene.wait_state("blue", "green", "pending")?;
    tight
        .scene
        .assert_separated(&tight.scene.blue, &tight.scene.green)?;
    tight.scene.edit(|table| table.consent("green", "blue"))?;
    tight.scene.wait_state("blue", "green", "active")?;
    tight
        .scene
        .assert_connected(&tight.scene.blue, &tight.scene.green)?;

    let content = tight.content()?;
    tight.scene.daemon.kill9()?;
    tight.scene.daemon.start().context("with a full disk")?;
    let found = tight.content()?;
    for (name, wanted) in &content {
        // What could not be kept may have another uid.
        if !name.contains("green-team") {
            ensure!(
                found.get(name) == Some(wanted),
                "{name} is {:?}, not {wanted}",
                found.get(name)
            );
        }
    }
    ensure!(
        found.len() == content.len(),
        "{} objects, not {}",
        found.len(),
        content.len()
    );
    pings.assert_none_lost()?;
    Ok(())
}

#[test]
fn once_a_full_disk_has_room_writes_work_again_without_a_restart() -> Result<()> {
    let tight = Tight::start("room again")?;
    let refused = tight.fill()?;
    let content = tight.content()?;
    println!("deletions on a full disk answer {:?}", tight.delete_some()?);
    tight.unstuff()?;
    tight.delete_some()?;
    let answer = tight.api.send("POST", "/v1/apply", &refused)?;
    ensure!(answer.status == 200, "the apply answers {answer:?}");
    let found = tight.content()?.len();
    ensure!(found == content.len(), "{found} objects");
    Ok(())
}

/// What the table file's new consents are known by.
fn facts(tight: &Tight) -> Result<Vec<Value>> {
    let shown = tight
        .api
        .list("/v1/peerings?peering=blue-team/blue--red-team/red")?;
    let keys = |it: &Value| {
        let status = &it["status"];
        json!([
            it["metadata"]["uid"],
            status["requestedAt"],
            status["activeSince"]
        ])
    };
    ensure!(shown.len() == 2, "{shown:?}");
    Ok(shown.iter().map(keys).collect())
}

#[test]
fn facts_a_full_disk_had_no_room_for_are_kept_once_there_is_room() -> Result<()> {
    let mut tight = Tight::start("facts later")?;
    tight.fill()?;
    // A long list, since a few bytes might still find a place in the store.
    let hosts = (0..1000).map(|host| format!("10.1.{}.{}/32", host / 250, host % 250));
    let export = format!("export: [{}]", hosts.collect::<Vec<_>>().join(", "));
    tight.scene.edit(|table| {
        table
            .peered("red", "blue")
            .with_consent("blue", "red", &export)
    })?;
    tight.scene.wait_state("blue", "red", "active")?;
    let shown = facts(&tight)?;
    // Else there was room after all, and the test would prove nothing.
    tight.scene.wait_said("store.redb", "full")?;
    tight.unstuff()?;
    thread::sleep(A_LOOK);
    let done = tight
        .api
        .send("POST", "/v1/networks", &network("any").to_string())?;
    ensure!(done.status == 201, "{done:?}");
    tight.scene.daemon.kill9()?;
    tight.scene.daemon.start()?;
    let found = facts(&tight)?;
    ensure!(
        found == shown,
        "{found:?} after the restart, {shown:?} before"
    );
    Ok(())
}

#[test]
fn a_consent_withdrawn_on_a_full_disk_stays_so_though_its_file_breaks_later() -> Result<()> {
    let mut tight = Tight::start("copy later")?;
    tight.fill()?;
    tight
        .scene
        .edit(|table| table.without_consent("green", "blue"))?;
    tight.scene.wait_state("blue", "green", "pending")?;
    tight.unstuff()?;
    thread::sleep(A_LOOK);
    tight.scene.daemon.write_table("kind: [")?;
    tight.scene.wait_said("table.yaml", "refused")?;
    tight.scene.daemon.kill9()?;
    tight.scene.daemon.start()?;
    tight
        .scene
        .assert_separated(&tight.scene.blue, &tight.scene.green)
}

#[test]
fn an_apply_nobody_confirmed_on_a_full_disk_is_taken_back_once_there_is_room() -> Result<()> {
    let tight = Tight::start("unconfirmed")?;
    // Time enough to fill the disk meanwhile.
    let path = "/v1/apply?confirmTimeout=20";
    let applied = tight
        .api
        .send("POST", path, &network("tried").to_string())?;
    ensure!(applied.is_done(), "{applied:?}");
    let is_there = || {
        let networks = tight.api.list("/v1/networks?namespace=filler")?;
        Ok::<_, anyhow::Error>(networks.iter().any(|it| it["metadata"]["name"] == "tried"))
    };
    tight.stuff()?;
    tight.fill_crumbs(0)?;
    wait_until("it cannot be taken back", 2 * SOON, || {
        let log = tight.scene.daemon.log();
        ensure!(log.contains("what ended is not forgotten yet"), "{log}");
        Ok(())
    })?;
    ensure!(is_there()?, "it was taken back: the disk was not full");
    // Nothing else happens that would have the daemon look again.
    tight.unstuff()?;
    wait_until("it is taken back", SOON, || {
        ensure!(!is_there()?, "it is there");
        Ok(())
    })
}
