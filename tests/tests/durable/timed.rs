//! A scene whose objects are the API's, and the states they are in.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{SOON, Scene, StoreClient, Table, wait_until};
use serde_json::{Value, json};

use super::around::{Mounts, run_by};

/// How much later than due something may happen: less than the time that counted before.
pub(super) const LATE: Duration = Duration::from_secs(5);

/// A scene without a table, whose networks are the API's.
pub(super) struct Timed {
    pub(super) scene: Scene,
    pub(super) api: StoreClient,
    pub(super) peerd: PathBuf,
    /// After the scene, whose daemon runs there to its end.
    pub(super) mounts: Option<Mounts>,
}

impl Timed {
    pub(super) fn start(tag: &str) -> Result<Self> {
        let scene = Scene::start_with(tag, |_| Table::default())?;
        let api = StoreClient::at(&scene.daemon.socket);
        for host in [&scene.blue, &scene.green, &scene.red] {
            let document = json!({
                "apiVersion": "peerd/v1", "kind": "Network",
                "metadata": { "namespace": format!("{}-team", host.name), "name": host.name },
                "spec": { "prefixes": host.prefixes(), "ports": [{ "interface": host.port }] },
            });
            let answer = api.send("POST", "/v1/networks", &document.to_string())?;
            ensure!(answer.status == 201, "{answer:?}");
        }
        let peerd = scene.daemon.programs.peerd.clone();
        Ok(Self {
            scene,
            api,
            peerd,
            mounts: None,
        })
    }

    /// One side's consent, which as a request waits for `ttl`.
    pub(super) fn consent(&self, own: &str, peer: &str, ttl: &str) -> Result<()> {
        let document = json!({
            "apiVersion": "peerd/v1", "kind": "Peering",
            "metadata": { "namespace": format!("{own}-team"), "name": format!("to-{peer}") },
            "spec": {
                "network": own, "ttl": ttl,
                "peer": { "namespace": format!("{peer}-team"), "network": peer },
            },
        });
        let answer = self
            .api
            .send("POST", "/v1/peerings", &document.to_string())?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(())
    }

    pub(super) fn post(&self, consent: &str, verb: &str) -> Result<()> {
        let answer = self
            .api
            .send("POST", &format!("/v1/peerings/{consent}/{verb}"), "")?;
        ensure!(answer.is_done(), "{answer:?}");
        Ok(())
    }

    /// The state of a consent; `None` if it is not listed.
    pub(super) fn state(&self, consent: &str) -> Result<Option<String>> {
        let answer = self
            .api
            .send("GET", &format!("/v1/peerings/{consent}"), "")?;
        Ok(match answer.status {
            404 => None,
            _ => answer.body["status"]["state"].as_str().map(str::to_owned),
        })
    }

    pub(super) fn ensure_state(&self, consent: &str, wanted: Option<&str>) -> Result<()> {
        let state = self.state(consent)?;
        ensure!(
            state.as_deref() == wanted,
            "{consent} is {state:?}, not {wanted:?}"
        );
        Ok(())
    }

    /// It is collected in the look after the one that finds its time over.
    pub(super) fn wait_gone(&self, consent: &str) -> Result<()> {
        wait_until(&format!("{consent} is gone"), SOON, || {
            self.ensure_state(consent, None)
        })
    }

    pub(super) fn wait_state(&self, consent: &str, wanted: &str, limit: Duration) -> Result<()> {
        wait_until(&format!("{consent} is {wanted}"), limit, || {
            self.ensure_state(consent, Some(wanted))
        })
    }

    /// End it, and start it again by `prefix`.
    pub(super) fn restart_by(&mut self, prefix: &str) -> Result<()> {
        self.scene.daemon.terminate()?;
        run_by(&mut self.scene, &self.peerd, prefix)?;
        self.scene
            .daemon
            .start()
            .with_context(|| format!("by {prefix}"))
    }

    /// State, uid and times of all consents.
    pub(super) fn facts(&self) -> Result<Vec<Value>> {
        let shown = self.api.list("/v1/peerings?incoming=false")?;
        let keys = |it: &Value| {
            let status = ["state", "reason", "requestedAt", "activeSince", "since"];
            json!([it["metadata"], status.map(|key| &it["status"][key])])
        };
        Ok(shown.iter().map(keys).collect())
    }
}
