//! The world the scenarios play in: three accounts, their networks, and hosts in some of them.
//!
//! Knows of the other systems only how their accounts are let in; what they speak is the scenarios'.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Daemon, Host, Lab, Programs, documents, process, tools};
use serde_json::{Map, Value, json};

/// How long a scenario may take: pings that nobody answers take most of it.
const SCENARIO: Duration = Duration::from_secs(600);

/// An account: its namespace, its name, and `printf %s NAME-secret | sha256sum`.
const ACCOUNTS: [(&str, &str, &str); 3] = [
    (
        "blue-team",
        "blue",
        "353765e7cd696e444218c2c4d1aff536e6048287229e23d9e2918b611cae9df3",
    ),
    (
        "green-team",
        "green",
        "01b8e077a152ec84fd4d75524029c0ae4e194d47c8ea6130f7cd25066284261d",
    ),
    (
        "red-team",
        "red",
        "03440674e022513ca1b63f60941b5bde5c74fe0519431cd4d665fd03375a60ff",
    ),
];

/// Of who may do all, `admin`, with `admin-secret`.
const SHA256_OF_ADMIN: &str = "16175223c8ddce5ace0493c948569c211b03c4c6bb3d3e484434999448cffe01";

/// Networks with a port that leads nowhere: owner, name, prefix, zone.
const EMPTY: [(&str, &str, &str, &str); 6] = [
    ("blue-team", "overlapping", "10.1.128.0/17", "default"),
    ("blue-team", "elsewhere", "10.52.0.0/16", "elsewhere"),
    ("green-team", "twin", "10.1.64.0/18", "default"),
    ("green-team", "abroad", "10.53.0.0/16", "elsewhere"),
    ("green-team", "fading", "10.54.0.0/16", "default"),
    ("green-team", "vanishing", "10.55.0.0/16", "default"),
];

/// A daemon that listens, and all that its clients have to know.
#[derive(Debug)]
pub(super) struct Stage {
    /// Declared first, since it has to end before its namespace does.
    daemon: Daemon,
    lab: Lab,
    world: Value,
}

impl Stage {
    /// Everything in place, and no peering.
    pub(super) fn start(tag: &str) -> Result<Self> {
        // Fails early where they are not installed.
        tools::CLIENTS.program("python")?;
        let lab = Lab::new(tag)?;
        let hosts = [
            ("blue-team", lab.host("blue")?),
            ("green-team", lab.host("green")?),
            ("red-team", lab.host("red")?),
            ("blue-team", lab.host("azure")?),
        ];
        for (_, name, prefix, _) in EMPTY {
            lab.router.ip(&dead_end(name, prefix)?)?;
        }
        let mut daemon = Daemon::new(&lab, Programs::find()?)?;
        daemon.configure(&access())?;
        let address = daemon.listen()?;
        daemon.start()?;
        let mut stage = Self {
            daemon,
            lab,
            world: json!({
                "server": format!("http://{address}"),
                "accounts": credentials(),
                "networks": {},
            }),
        };
        for (owner, host) in &hosts {
            stage.declare(
                owner,
                with_port(owner, &host.name, &host.port, &host.prefixes()),
                Some(host),
            )?;
        }
        for (owner, name, prefix, zone) in EMPTY {
            let mut network = with_port(owner, name, name, &[prefix.to_owned()]);
            network["spec"]["zone"] = zone.into();
            stage.declare(owner, network, None)?;
        }
        let mut portless = with_port("blue-team", "portless", "", &["10.50.0.0/16".to_owned()]);
        portless["spec"]["ports"] = json!([]);
        stage.declare("blue-team", portless, None)?;
        Ok(stage)
    }

    /// Declare a network and tell the world of it.
    fn declare(&mut self, owner: &str, network: Value, host: Option<&Host>) -> Result<()> {
        let made = self.daemon.api().put("POST", "/v1/networks", &network)?;
        let made = made.expect(201)?;
        let mut told = json!({
            "account": owner,
            "zone": network["spec"]["zone"].as_str().unwrap_or("default"),
            "uid": made["metadata"]["uid"],
            "prefixes": network["spec"]["prefixes"],
        });
        if let Some(host) = host {
            told["host"] = json!({ "netns": host.ns.path(), "addresses": host.addresses() });
        }
        let name = network["metadata"]["name"].as_str().unwrap_or_default();
        self.world["networks"][name] = told;
        Ok(())
    }

    /// Play a scenario inside the router's namespace, and see all of its checks pass.
    pub(super) fn play(&self, scenario: &str) -> Result<()> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("clients")
            .join(scenario);
        let mut python = self.lab.router.command(tools::CLIENTS.program("python")?);
        python
            .arg(script)
            .env("PEERD_WORLD", self.world.to_string())
            // Nobody's own profiles, and nothing left beside the scripts.
            .env("HOME", self.lab.folder())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1");
        let done = process::run(&mut python, SCENARIO)?;
        println!("{}", done.said());
        let told = done.stdout.lines().last();
        let told = told.filter(|line| line.starts_with("passed "));
        let told = told.with_context(|| format!("{scenario} did not come to its end"))?;
        eprintln!("{scenario}: {told}");
        let failures = done.stdout.lines().filter(|line| line.starts_with("FAIL "));
        let failures: Vec<_> = failures.collect();
        ensure!(
            done.success(),
            "{scenario}: {told}\n{}",
            failures.join("\n")
        );
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Captured by the test runner, which shows it where a test failed.
        println!("--- peerd's log\n{}", self.daemon.log());
    }
}

/// A network's document. Blue's bears a label.
fn with_port(owner: &str, name: &str, interface: &str, prefixes: &[String]) -> Value {
    let prefixes: Vec<_> = prefixes.iter().map(String::as_str).collect();
    let mut network = documents::network(&format!("{owner}/{name}"), interface, &prefixes);
    if name == "blue" {
        network["metadata"]["labels"] = json!({ "env": "prod" });
    }
    network
}

/// A port with an address of its network's, and nobody behind it.
fn dead_end(name: &str, prefix: &str) -> Result<String> {
    let (network, _) = prefix.split_once('/').context("a prefix has a length")?;
    let (start, _) = network.rsplit_once('.').context("of IPv4")?;
    Ok(format!(
        "link add {name} type veth peer name {name}-end\n\
         addr add {start}.1/24 dev {name}\n\
         link set {name} up\n\
         link set {name}-end up"
    ))
}

/// What an account's owner is asked for: by UpCloud a name and a password or a token, by Outscale two keys.
fn credentials() -> Value {
    let mut all = Map::new();
    for (namespace, name, _) in ACCOUNTS {
        let account = json!({
            "user": name,
            "token": format!("{name}-secret"),
            "access_key": key(name),
            "secret_key": format!("{name}-secret-key"),
        });
        all.insert(namespace.to_owned(), account);
    }
    all.insert("admin".to_owned(), json!({ "token": "admin-secret" }));
    all.into()
}

/// `peerd.yaml`: whoever owns an account may not change the host's networks.
fn access() -> String {
    let mut entries = format!(
        "access:\n  - {{ token: admin, sha256: {SHA256_OF_ADMIN}, namespaces: [\"*\"], role: admin }}\n"
    );
    for (namespace, name, sha256) in ACCOUNTS {
        let key = key(name);
        entries += &format!(
            "  - {{ token: {name}, sha256: {sha256}, namespaces: [{namespace}], role: operator }}\n  \
             - {{ accessKey: {key}, secretKey: {name}-secret-key, namespaces: [{namespace}], role: operator }}\n"
        );
    }
    entries
}

fn key(name: &str) -> String {
    format!("{}KEY", name.to_uppercase())
}
