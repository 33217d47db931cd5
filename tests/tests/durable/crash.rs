//! The daemon killed at random instants, and all that must be true afterwards.

use std::{
    collections::BTreeSet,
    env, fmt,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{PingRun, SOON, Scene, StoreClient, wait_until};
use serde_json::{Value, json};

use super::{
    random::Random,
    writer::{Turnout, Writer},
};

const WRITERS: usize = 4;

/// The longest the daemon lives, in milliseconds; the longest a start that is killed.
const LIFE: u64 = 500;
const START: u64 = 150;

/// Kills for which one run of ping lasts.
const KILLS_A_PING: u64 = 20;

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    killed_starts: u64,
    answered: usize,
    whole: usize,
    absent: usize,
    pings: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            killed_starts,
            answered,
            whole,
            absent,
            pings,
        } = self;
        write!(
            f,
            "{kills} kills, {killed_starts} of starts as well; {answered} writes answered, none lost; \
             of the unanswered {whole} whole, {absent} absent, none half; {pings} pings, none lost"
        )
    }
}

fn number(variable: &str, default: u64) -> u64 {
    let set = env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// `PEERD_CRASH_KILLS` says how many, `PEERD_CRASH_SEED` which.
#[test]
fn an_answered_write_outlives_kill_9_and_an_unanswered_one_is_whole_or_absent() -> Result<()> {
    let kills = number("PEERD_CRASH_KILLS", 20);
    let seed = number("PEERD_CRASH_SEED", u64::from(std::process::id()));
    println!("seed {seed}");
    let mut random = Random::new(seed);
    // green and red peer by the table file, blue and green by the API.
    let mut scene = Scene::start_with("crash", |table| {
        table
            .without_consent("blue", "green")
            .without_consent("green", "blue")
    })?;
    let api = StoreClient::at(&scene.daemon.socket);
    plug(&scene)?;
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|number| Writer::new(number, seed))
        .collect();
    writers
        .iter_mut()
        .try_for_each(|writer| writer.set_up(&api))?;
    set_up_seniority(&api)?;
    scene.wait_state("blue", "green", "active")?;
    let settled = unchanging(&api)?;

    let mut tally = Tally::default();
    let mut pings: Option<[PingRun; 2]> = None;
    let deadline = Instant::now() + Duration::from_secs(30 + 5 * kills);
    while tally.kills < kills {
        ensure!(Instant::now() < deadline, "not done in time: {tally}");
        if tally.kills % KILLS_A_PING == 0 {
            let next = [
                scene.blue.ping_meanwhile(scene.green.v4)?,
                scene.red.ping_meanwhile(scene.green.v6)?,
            ];
            count(&mut tally, pings.replace(next))?;
        }
        live_and_die(&mut scene, &api, &mut writers, random.below(LIFE))?;
        tally.kills += 1;
        if random.below(4) == 0 {
            half_start(&scene, random.below(START))?;
            tally.killed_starts += 1;
        }
        scene.daemon.start()?;
        tally.answered = writers.iter().map(|writer| writer.answered).sum();
        check(&api, &mut writers, &mut tally).with_context(|| tally.to_string())?;
        ensure!(unchanging(&api)? == settled, "what nobody touched changed");
    }
    count(&mut tally, pings)?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    println!("{tally}");
    ensure!(tally.answered as u64 > kills, "hardly anything was written");
    Ok(())
}

/// Ports for the writers' networks.
fn plug(scene: &Scene) -> Result<()> {
    let lines = (0..2 * WRITERS).map(|port| {
        format!(
            "link add w{port} index {index} type veth peer name v{port}\n\
             addr add 10.{byte}.0.1/24 dev w{port}\n\
             link set w{port} up\nlink set v{port} up",
            index = 500 + port,
            byte = 100 + port,
        )
    });
    let rivals = ["zebra", "apple"].map(|port| {
        format!(
            "link add {port} type veth peer name {port}-far\n\
             addr add 10.99.0.1/24 dev {port}\n\
             link set {port} up\nlink set {port}-far up"
        )
    });
    let lines: Vec<String> = lines.chain(rivals).collect();
    scene.lab.router.ip(&lines.join("\n"))
}

/// blue and green peer; of two later networks with one prefix green peers with both,
/// so that only who was first decides which of them has the traffic.
fn set_up_seniority(api: &StoreClient) -> Result<()> {
    let own = |network: &str| format!("{network}-team");
    let consent = |one: &str, other: &str| {
        json!({
            "apiVersion": "peerd/v1", "kind": "Peering",
            "metadata": { "namespace": own(one), "name": format!("to-{other}") },
            "spec": { "network": one, "peer": { "namespace": own(other), "network": other } },
        })
    };
    // By name the second would come first.
    for network in ["zebra", "apple"] {
        let document = json!({
            "apiVersion": "peerd/v1", "kind": "Network",
            "metadata": { "namespace": own(network), "name": network },
            "spec": { "prefixes": ["10.99.0.0/16"], "ports": [{ "interface": network }] },
        });
        let answer = api.send("POST", "/v1/networks", &document.to_string())?;
        ensure!(answer.status == 201, "{answer:?}");
    }
    for (one, other) in [("blue", "green"), ("zebra", "green"), ("apple", "green")] {
        for (one, other) in [(one, other), (other, one)] {
            let answer = api.send("POST", "/v1/peerings", &consent(one, other).to_string())?;
            ensure!(answer.status == 201, "{answer:?}");
        }
    }
    Ok(())
}

/// Let writers write, and kill the daemon under them.
fn live_and_die(
    scene: &mut Scene,
    api: &StoreClient,
    writers: &mut [Writer],
    life: u64,
) -> Result<()> {
    thread::scope(|scope| {
        let work = |writer| {
            let api = api.clone();
            scope.spawn(move || Writer::work(writer, &api))
        };
        let threads: Vec<_> = writers.iter_mut().map(work).collect();
        thread::sleep(Duration::from_millis(life));
        let killed = scene.daemon.kill9();
        for thread in threads {
            let outcome = thread.join();
            outcome.map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        killed
    })
}

/// Start it and kill it before it can be ready, perhaps while it reads the store.
fn half_start(scene: &Scene, life: u64) -> Result<()> {
    let mut command = scene.lab.router.command(&scene.daemon.programs.peerd);
    let quiet = command.args(scene.daemon.arguments()).stdout(Stdio::null());
    let mut started = quiet.stderr(Stdio::null()).stdin(Stdio::null()).spawn()?;
    thread::sleep(Duration::from_millis(life));
    started.kill()?;
    started.wait()?;
    Ok(())
}

/// See that the API shows what was written, and the kernel holds what follows.
fn check(api: &StoreClient, writers: &mut [Writer], tally: &mut Tally) -> Result<()> {
    let networks = api.list("/v1/networks")?;
    let peerings = api.list("/v1/peerings?incoming=false")?;
    for writer in writers.iter_mut() {
        match writer.check(&networks, &peerings)? {
            Turnout::None => {}
            Turnout::Whole => tally.whole += 1,
            Turnout::Absent => tally.absent += 1,
        }
    }
    let wanted: BTreeSet<String> = (0..)
        .zip(writers.iter())
        .filter(|(_, writer)| writer.world.is_open())
        .flat_map(|(number, _)| {
            let to = |port: usize| format!("10.{}.0.0/16", 100 + port);
            [
                format!("a{number}/a {}", to(2 * number + 1)),
                format!("b{number}/a {}", to(2 * number)),
            ]
        })
        .collect();
    let routes = api.list("/v1/routes")?;
    let text = |route: &Value, key: &str| route[key].as_str().unwrap_or_default().to_owned();
    let held: BTreeSet<String> = routes
        .iter()
        .filter(|route| text(route, "verdict") == "forward" && text(route, "port").starts_with('w'))
        .filter(|route| text(route, "network") != text(route, "owner"))
        .filter(|route| text(route, "to").ends_with("/16"))
        .map(|route| format!("{} {}", text(route, "network"), text(route, "to")))
        .collect();
    ensure!(held == wanted, "the kernel holds {held:?}, not {wanted:?}");
    Ok(())
}

/// What no writer touches: uid, generation, state, times.
fn unchanging(api: &StoreClient) -> Result<Vec<Value>> {
    let mut shown = Vec::new();
    wait_until("nothing is provisioning", SOON, || {
        shown = api.list("/v1/peerings?incoming=false")?;
        let mut states = shown.iter().map(|it| &it["status"]["state"]);
        ensure!(!states.any(|state| state == "provisioning"), "something is");
        Ok(())
    })?;
    let ours = shown.into_iter().filter(|shown| {
        let namespace = shown["metadata"]["namespace"].as_str().unwrap_or_default();
        namespace.ends_with("-team")
    });
    Ok(ours
        .map(|shown| {
            let status = &shown["status"];
            let keys = ["state", "reason", "since", "requestedAt", "activeSince"];
            json!([
                shown["metadata"],
                shown["spec"],
                keys.map(|key| &status[key])
            ])
        })
        .collect())
}

fn count(tally: &mut Tally, pings: Option<[PingRun; 2]>) -> Result<()> {
    for pings in pings.into_iter().flatten() {
        tally.pings += pings.assert_none_lost()?.sent;
    }
    Ok(())
}
