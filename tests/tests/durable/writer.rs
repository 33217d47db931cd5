//! One writer: it changes its world as fast as it is answered, and knows at any
//! time what was answered and what was under way.

use std::io::ErrorKind;

use anyhow::{Result, bail, ensure};
use peer_tests::StoreClient;
use serde_json::{Value, json};

use super::{deed::Request, random::Random, world::World};

/// A writer.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) number: usize,
    pub(super) random: Random,
    pub(super) version: u64,
    /// As answered.
    pub(super) world: World,
    /// What was under way when the connection broke, and the world it would make.
    pending: Option<(Request, World)>,
    /// Writes answered.
    pub(super) answered: usize,
}

/// How an unanswered write turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turnout {
    /// Nothing was under way.
    None,
    /// It is there.
    Whole,
    /// It is not.
    Absent,
}

impl Writer {
    pub(super) fn new(number: usize, seed: u64) -> Self {
        Self {
            number,
            random: Random::new(seed ^ ((number as u64) << 32)),
            version: 0,
            world: World::default(),
            pending: None,
            answered: 0,
        }
    }

    /// Make the two networks that peer; the ports are there.
    pub(super) fn set_up(&mut self, api: &StoreClient) -> Result<()> {
        for (side, port) in [('a', 2 * self.number), ('b', 2 * self.number + 1)] {
            let document = json!({
                "apiVersion": "peerd/v1",
                "kind": "Network",
                "metadata": { "namespace": format!("{side}{}", self.number), "name": "a" },
                "spec": {
                    "prefixes": [format!("10.{}.0.0/16", 100 + port)],
                    "ports": [{ "interface": format!("w{port}") }],
                },
            });
            let answer = api.send("POST", "/v1/networks", &document.to_string())?;
            ensure!(answer.status == 201, "{answer:?}");
        }
        Ok(())
    }

    /// Write until the daemon is gone. An error is a refusal, which none should be.
    pub(super) fn work(&mut self, api: &StoreClient) -> Result<()> {
        loop {
            let (request, mut after) = self.choose();
            let Request { method, path, body } = &request;
            match api.send(method, path, body) {
                Ok(answer) if answer.is_done() => {
                    self.answered += 1;
                    learn(&mut after, &answer.body, path);
                    self.world = after;
                    self.look(api);
                }
                Ok(answer) => bail!("{request:?} in {:?} answers {answer:?}", self.world),
                // Nobody was there to hear it.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionRefused | ErrorKind::NotFound
                    ) =>
                {
                    return Ok(());
                }
                Err(_) => {
                    self.pending = Some((request, after));
                    return Ok(());
                }
            }
        }
    }

    /// Read back what was answered, for the times and uids: they are told only once
    /// they are on disk.
    fn look(&mut self, api: &StoreClient) {
        let list = |kind: &str| -> std::io::Result<Vec<Value>> {
            let mut all = Vec::new();
            for side in ['a', 'b'] {
                let path = format!("/v1/{kind}?namespace={side}{}&incoming=false", self.number);
                all.extend(api.list(&path)?);
            }
            Ok(all)
        };
        let (Ok(networks), Ok(peerings)) = (list("networks"), list("peerings")) else {
            return;
        };
        let found = World::observe(self.number, &networks, &peerings);
        if let Ok((mut found, _)) = found
            && self.world.differs(&found).is_none()
        {
            found.keep_hidden(&self.world);
            self.world = found;
        }
    }

    /// See that what is there after a crash is what was answered, with what was under
    /// way whole or not at all.
    pub(super) fn check(&mut self, networks: &[Value], peerings: &[Value]) -> Result<Turnout> {
        let (mut found, states) = World::observe(self.number, networks, peerings)?;
        let wanted = |world: &World| world.states().map(|state| state.map(str::to_owned));
        let pending = self.pending.take();
        let before = self.world.differs(&found);
        let turnout = match (&pending, &before) {
            (None, None) => Turnout::None,
            (Some(_), None) => Turnout::Absent,
            (None, Some(why)) => bail!("lost: of writer {} {why}", self.number),
            (Some((request, after)), Some(why)) => match after.differs(&found) {
                None => Turnout::Whole,
                Some(_) if after.is_half(&found) => {
                    bail!("half-written: {request:?} left {found:?} of {after:?}")
                }
                Some(other) => bail!("lost: after {request:?} {why}, and {other}"),
            },
        };
        if let (Turnout::Whole, Some((_, after))) = (turnout, pending) {
            self.world = after;
        }
        found.keep_hidden(&self.world);
        ensure!(
            states == wanted(&found),
            "states of writer {} are {states:?} in {found:?}",
            self.number
        );
        self.world = found;
        Ok(turnout)
    }
}

/// The uid an answer tells, whatever became of the daemon afterwards.
fn learn(world: &mut World, body: &Value, path: &str) {
    let Some(uid) = body["metadata"]["uid"].as_str() else {
        return;
    };
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = body["metadata"]["namespace"].as_str().unwrap_or_default();
    if body["kind"] == "Network" {
        if let Some(object) = world.networks.get_mut(name) {
            object.uid = uid.to_owned();
        }
    } else if !path.ends_with("/reject")
        && let Some(consent) = &mut world.consents[usize::from(namespace.starts_with('b'))]
    {
        consent.object.uid = uid.to_owned();
    }
}
