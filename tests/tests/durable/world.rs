//! All that one writer wrote: two networks that may peer, and networks without a
//! port that come and go.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// How many networks one apply writes.
pub(super) const BULK: usize = 20;

/// What is stored of one writer's objects, or should be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct World {
    /// The consents of the networks `a` and `b` to peer with each other.
    pub(super) consents: [Option<Consent>; 2],
    /// The word `a`'s request was refused with.
    pub(super) rejected: Option<String>,
    /// The uids of the consents that were deleted last and are still listed.
    pub(super) deleted: [Option<String>; 2],
    /// The other networks by name.
    pub(super) networks: BTreeMap<String, Object>,
}

/// What can be told from an object whether it is the one that was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object {
    /// Its label `v`.
    pub(super) version: u64,
    pub(super) generation: u64,
    /// Empty while nobody was told.
    pub(super) uid: String,
}

/// One consent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Consent {
    pub(super) object: Object,
    pub(super) up: bool,
    /// `requestedAt` and `activeSince`, once they were told.
    pub(super) facts: Option<(Value, Value)>,
}

impl World {
    /// The states that follow, where both networks have a port.
    pub(super) fn states(&self) -> [Option<&'static str>; 2] {
        let up = |side: usize| self.consents[side].as_ref().map(|consent| consent.up);
        [0, 1].map(|side| {
            Some(match (up(side)?, up(1 - side)) {
                (false, _) => "disabled",
                _ if side == 0 && self.rejected.is_some() => "rejected",
                (_, None) => "pending",
                (_, Some(false)) => "peer-disabled",
                (_, Some(true)) => "active",
            })
        })
    }

    /// Whether packets pass between `a` and `b`.
    pub(super) fn is_open(&self) -> bool {
        self.states() == [Some("active"); 2]
    }

    /// What the API shows of writer `number`, and the states it shows.
    pub(super) fn observe(
        number: usize,
        networks: &[Value],
        peerings: &[Value],
    ) -> Result<(Self, [Option<String>; 2])> {
        let (mut world, mut states) = (Self::default(), [None, None]);
        for shown in networks.iter().filter(|it| owner(it, number) == Some(0)) {
            let name = shown["metadata"]["name"].as_str().unwrap_or_default();
            if name != "a" {
                world.networks.insert(name.to_owned(), object(shown)?);
            }
        }
        for shown in peerings {
            let Some(side) = owner(shown, number) else {
                continue;
            };
            let state = shown["status"]["state"].as_str().unwrap_or_default();
            let object = object(shown)?;
            if state == "deleted" {
                world.deleted[side] = Some(object.uid);
                continue;
            }
            let reason = shown["status"]["reason"].as_str().unwrap_or_default();
            if state == "rejected" {
                let word = reason.rsplit(' ').next().unwrap_or_default();
                world.rejected = Some(word.trim_matches(['"', '`', '.']).to_owned());
            }
            let facts = ["requestedAt", "activeSince"].map(|key| shown["status"][key].clone());
            world.consents[side] = Some(Consent {
                object,
                up: shown["spec"]["adminState"].as_str() != Some("down"),
                facts: Some(facts.into()),
            });
            states[side] = Some(state.to_owned());
        }
        Ok((world, states))
    }

    /// Take from `known` what the API did not show: that a disabled request was refused.
    pub(super) fn keep_hidden(&mut self, known: &Self) {
        if self.consents[0].as_ref().is_some_and(|it| !it.up) {
            self.rejected = known.rejected.clone();
        }
    }

    /// Why what was `found` cannot be this; `None` if it can.
    pub(super) fn differs(&self, found: &Self) -> Option<String> {
        for side in [0, 1] {
            let (ours, theirs) = (&self.consents[side], &found.consents[side]);
            let same = match (ours, theirs) {
                (None, None) => true,
                (Some(ours), Some(theirs)) => {
                    let facts = ours.facts.is_none() || ours.facts == theirs.facts;
                    ours.up == theirs.up && ours.object.may_be(&theirs.object) && facts
                }
                _ => false,
            };
            if !same {
                return Some(format!("consent {side} is {theirs:?}, not {ours:?}"));
            }
            let known = self.deleted[side].as_ref();
            if known.is_some_and(|uid| found.deleted[side].as_ref() != Some(uid)) {
                return Some(format!("deleted consent {side} is listed no more"));
            }
        }
        // While it is disabled nobody is shown that it was refused.
        let hidden = self.states()[0] == Some("disabled");
        if !hidden && self.rejected != found.rejected {
            return Some(format!(
                "refused {:?}, not {:?}",
                found.rejected, self.rejected
            ));
        }
        let names = |world: &Self| world.networks.keys().cloned().collect::<Vec<_>>();
        if names(self) != names(found) {
            return Some(format!(
                "networks {:?}, not {:?}",
                names(found),
                names(self)
            ));
        }
        let mut both = self.networks.iter().zip(&found.networks);
        let other = both.find(|((_, ours), (_, theirs))| !ours.may_be(theirs));
        other.map(|((name, ours), (_, theirs))| format!("{name} is {theirs:?}, not {ours:?}"))
    }

    /// Whether some but not all of an apply's networks are as in `other`.
    pub(super) fn is_half(&self, other: &Self) -> bool {
        let bulk = |world: &Self| {
            let bulk = world
                .networks
                .iter()
                .filter(|(name, _)| name.starts_with("bulk"));
            bulk.map(|(name, object)| (name.clone(), object.version))
                .collect::<BTreeMap<_, _>>()
        };
        let (ours, theirs) = (bulk(self), bulk(other));
        let same = ours
            .iter()
            .filter(|(name, version)| theirs.get(*name) == Some(version));
        (1..theirs.len()).contains(&same.count())
    }
}

impl Object {
    fn may_be(&self, found: &Self) -> bool {
        let uid = self.uid.is_empty() || self.uid == found.uid;
        uid && self.version == found.version && self.generation == found.generation
    }

    /// The next version of it, which nobody was told of.
    pub(super) fn next(&self, version: u64) -> Self {
        Self {
            version,
            generation: self.generation + 1,
            uid: self.uid.clone(),
        }
    }
}

/// Which of writer `number`'s two owners has an object.
fn owner(shown: &Value, number: usize) -> Option<usize> {
    let namespace = shown["metadata"]["namespace"].as_str()?;
    ["a", "b"]
        .iter()
        .position(|side| namespace == format!("{side}{number}"))
}

fn object(shown: &Value) -> Result<Object> {
    let metadata = &shown["metadata"];
    let version = metadata["labels"]["v"].as_str().unwrap_or("0");
    let uid = metadata["uid"].as_str().context("an object without uid")?;
    ensure!(!uid.is_empty(), "an empty uid: {shown}");
    Ok(Object {
        version: version.parse()?,
        generation: metadata["generation"].as_u64().unwrap_or_default(),
        uid: uid.to_owned(),
    })
}
