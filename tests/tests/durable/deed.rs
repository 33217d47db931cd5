//! What a writer may write next, and the world it makes.

use serde_json::{Value, json};

use super::{
    world::{BULK, Consent, Object, World},
    writer::Writer,
};

/// Networks of single writes, beside an apply's.
const SINGLES: u64 = 4;

/// A write.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: String,
}

impl Writer {
    /// Something to write, and the world it makes.
    pub(super) fn choose(&mut self) -> (Request, World) {
        self.version += 1;
        match self.random.below(10) {
            0 => self.apply(),
            1..=3 => self.single(),
            _ => self.consent(),
        }
    }

    /// All of an apply's networks at once.
    fn apply(&self) -> (Request, World) {
        let mut after = self.world.clone();
        let mut documents = Vec::new();
        for number in 0..BULK {
            let name = format!("bulk-{number}");
            let known = after.networks.get(&name).cloned().unwrap_or_default();
            documents.push(self.network(&name).to_string());
            after.networks.insert(name, known.next(self.version));
        }
        let request = Request {
            method: "POST",
            path: "/v1/apply".to_owned(),
            body: documents.join("\n---\n"),
        };
        (request, after)
    }

    /// One network created, replaced or deleted.
    fn single(&mut self) -> (Request, World) {
        let mut after = self.world.clone();
        let name = format!("x{}", self.random.below(SINGLES));
        let path = format!("/v1/networks/a{}/{name}", self.number);
        let known = after.networks.remove(&name);
        if known.is_some() && self.random.below(2) == 0 {
            return (request("DELETE", path, ""), after);
        }
        let body = self.network(&name).to_string();
        let known = known.unwrap_or_default();
        after.networks.insert(name, known.next(self.version));
        (request("PUT", path, &body), after)
    }

    /// One of the two consents.
    fn consent(&mut self) -> (Request, World) {
        let mut after = self.world.clone();
        let side = self.random.below(2) as usize;
        let [own, peer] = [["a", "b"], ["b", "a"]][side].map(|it| format!("{it}{}", self.number));
        let path = format!("/v1/peerings/{own}/c");
        let Some(known) = after.consents[side].take() else {
            return self.request_or_answer(side, [own, peer], after);
        };
        let choice = self.random.below(6);
        if choice == 0 {
            let was_rejected = side == 0 && after.rejected.take().is_some();
            after.deleted[side] = Some(known.object.uid).filter(|_| !was_rejected);
            forget(&mut after);
            return (request("DELETE", path, ""), after);
        }
        let mut changed = Consent {
            facts: None,
            ..known.clone()
        };
        forget(&mut after);
        changed.object = changed.object.next(self.version);
        let built = if choice < 3 {
            changed.object.version = known.object.version;
            changed.up = !known.up;
            let verb = if known.up { "disable" } else { "enable" };
            request("POST", format!("{path}/{verb}"), "")
        } else {
            let patch = json!({ "metadata": { "labels": { "v": self.version.to_string() } } });
            request("PATCH", path, &patch.to_string())
        };
        after.consents[side] = Some(changed);
        (built, after)
    }

    /// A consent where there is none: asked for, or as an answer; or a refusal.
    fn request_or_answer(
        &mut self,
        side: usize,
        [own, peer]: [String; 2],
        mut after: World,
    ) -> (Request, World) {
        let made = Consent {
            object: Object::default().next(self.version),
            up: true,
            facts: None,
        };
        let is_open = side == 1 && after.states()[0] == Some("pending");
        forget(&mut after);
        if is_open && self.random.below(3) == 0 {
            let word = format!("word-{}", self.version);
            let body = json!({ "reason": word }).to_string();
            after.rejected = Some(word);
            return (
                request("POST", format!("/v1/peerings/{peer}/c/reject"), &body),
                after,
            );
        }
        if side == 1 && after.consents[0].is_some() && !is_open {
            // What is refused or disabled cannot be accepted: change it instead.
            return self.single();
        }
        after.deleted[side] = None;
        after.consents[side] = Some(made);
        let labels = json!({ "v": self.version.to_string() });
        if is_open {
            let body = json!({ "name": "c", "labels": labels }).to_string();
            return (
                request("POST", format!("/v1/peerings/{peer}/c/accept"), &body),
                after,
            );
        }
        let document = json!({
            "apiVersion": "peerd/v1",
            "kind": "Peering",
            "metadata": { "namespace": own, "name": "c", "labels": labels },
            "spec": { "network": "a", "peer": { "namespace": peer, "network": "a" } },
        });
        (
            request("POST", "/v1/peerings".to_owned(), &document.to_string()),
            after,
        )
    }

    fn network(&self, name: &str) -> Value {
        json!({
            "apiVersion": "peerd/v1",
            "kind": "Network",
            "metadata": {
                "namespace": format!("a{}", self.number),
                "name": name,
                "labels": { "v": self.version.to_string() },
            },
            "spec": { "prefixes": ["192.168.0.0/24"], "ports": [{ "interface": "none" }] },
        })
    }
}

fn request(method: &'static str, path: String, body: &str) -> Request {
    let body = body.to_owned();
    Request { method, path, body }
}

/// A write to either consent may give both new times.
fn forget(world: &mut World) {
    for consent in world.consents.iter_mut().flatten() {
        consent.facts = None;
    }
}
