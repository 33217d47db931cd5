//! A few declarations, looked at again and again.

use std::collections::BTreeMap;

use peer_userspace::{
    lifecycle::{State, Status},
    model::{Moment, Origin},
};

use super::{
    model::{Limits, Model},
    system::{System, label},
    universe::{CONSENTS, ConsentSpec, NETWORKS, NetworkSpec, Peer, named},
};

/// Declarations, decisions and the time, and what the code made of them. The kernel
/// follows each look before the next.
pub(crate) struct Story {
    pub(crate) says: Model,
    pub(crate) system: System,
    pub(crate) wall: u64,
}

impl Story {
    /// Nothing is declared, and everything allowed.
    pub(crate) fn new() -> Self {
        Self::within(Limits {
            networks: 100,
            prefixes: 100,
            consents: 100,
            imports: 100,
        })
    }

    pub(crate) fn within(limits: Limits) -> Self {
        Self {
            says: Model::new(limits, BTreeMap::new()),
            system: System::new(limits),
            wall: 1_800_000_000_000,
        }
    }

    /// `a/x` 10.1.0.0/16, `b/x` 10.2.0.0/16 and `c/x` 10.3.0.0/16, each with a port.
    pub(crate) fn of_three() -> Self {
        let mut story = Self::new();
        story.network("a/x", &["10.1.0.0/16"]);
        story.network("b/x", &["10.2.0.0/16"]);
        story.network("c/x", &["10.3.0.0/16"]);
        story
    }

    /// Those, `a/p` and `b/p` consenting to each other, and the kernel following.
    pub(crate) fn of_two_that_peer() -> Self {
        let mut story = Self::of_three();
        story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
        story.look_after(0);
        story.look_after(0);
        story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
        story
    }

    /// Behind an interface of its own.
    pub(crate) fn network(&mut self, name: &str, prefixes: &[&str]) {
        let number = place(&NETWORKS, name);
        let spec = NetworkSpec {
            zone: 0,
            prefixes: nets(prefixes),
            ports: vec![number],
            auto_accept: Vec::new(),
        };
        self.says.networks.insert(number, spec);
    }

    pub(crate) fn without_network(&mut self, name: &str) {
        self.says.networks.remove(&place(&NETWORKS, name));
    }

    pub(crate) fn alter_network(&mut self, name: &str, change: impl FnOnce(&mut NetworkSpec)) {
        let number = place(&NETWORKS, name);
        change(self.says.networks.get_mut(&number).expect("it is declared"));
    }

    pub(crate) fn consent(&mut self, name: &str, own: &str, peer: &str) {
        self.declare(name, own, Peer::Name(place(&NETWORKS, peer)));
    }

    pub(crate) fn mutual(&mut self, [one, other]: [&str; 2], [own, peer]: [&str; 2]) {
        self.consent(one, own, peer);
        self.consent(other, peer, own);
    }

    /// Consent to the network that has the uid `peer` has now.
    pub(crate) fn consent_by_id(&mut self, name: &str, own: &str, peer: &str) {
        let made = 1 + u32::try_from(self.system.facts.networks.len()).expect("few");
        let uid = self.system.facts.networks[&named(peer)].uid;
        self.system.number(made, uid);
        self.declare(name, own, Peer::Id(made));
    }

    /// Consent to whoever has an id that nobody has.
    pub(crate) fn consent_to_nobody(&mut self, name: &str, own: &str) {
        self.declare(name, own, Peer::Id(0));
    }

    fn declare(&mut self, name: &str, own: &str, peer: Peer) {
        let spec = ConsentSpec {
            own: place(&NETWORKS, own),
            peer,
            up: true,
            export: None,
            ttl: None,
            impossible: false,
            label: 0,
            origin: Origin::Native,
            objection: None,
        };
        self.says.consents.insert(place(&CONSENTS, name), spec);
    }

    pub(crate) fn without(&mut self, name: &str) {
        self.says.consents.remove(&place(&CONSENTS, name));
    }

    pub(crate) fn alter(&mut self, name: &str, change: impl FnOnce(&mut ConsentSpec)) {
        let slot = place(&CONSENTS, name);
        change(self.says.consents.get_mut(&slot).expect("it is declared"));
    }

    pub(crate) fn hold(&mut self, name: &str, held: bool) {
        let slot = place(&CONSENTS, name);
        if held {
            self.says.holds.insert(slot);
        } else {
            self.says.holds.remove(&slot);
        }
    }

    /// Say of a request, as it was seen last, that it could not be from the start.
    pub(crate) fn fail(&mut self, name: &str, why: &str) {
        let now = self.now();
        self.system.reject(place(&CONSENTS, name), now);
        let rejections = &mut self.system.stored.decisions.rejections;
        let rejection = rejections.get_mut(&named(name)).expect("just put there");
        rejection.impossible = true;
        rejection.reason = Some(why.to_owned());
    }

    /// Refuse a request as it was seen last.
    pub(crate) fn reject(&mut self, name: &str) {
        let now = self.now();
        self.system.reject(place(&CONSENTS, name), now);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment {
            wall: self.wall,
            host: self.says.now,
        }
    }

    /// Look again, so many milliseconds later.
    pub(crate) fn look_after(&mut self, time: u64) {
        self.says.now += time;
        self.wall += time;
        let states = &self.system.plan.states;
        let pairs =
            (0..NETWORKS.len()).flat_map(|one| (one..NETWORKS.len()).map(move |to| (one, to)));
        let held = pairs.filter(|pair| states.carrying().any(|carrying| *carrying == label(*pair)));
        self.says.in_kernel = held.collect();
        self.system.declare(&self.says, &[]);
        let now = self.now();
        self.system.look(&self.says.in_kernel, now);
    }

    /// A network of the API is deleted and made again as it was, before the next look.
    pub(crate) fn renew(&mut self, name: &str) {
        self.system.declare(&self.says, &[place(&NETWORKS, name)]);
    }

    pub(crate) fn status(&self, name: &str) -> Option<&Status> {
        self.system.plan.states.consents.get(&named(name))
    }

    pub(crate) fn state(&self, name: &str) -> State {
        self.status(name).expect("it is listed").state
    }

    pub(crate) fn until(&self, name: &str) -> Option<u64> {
        self.status(name).expect("it is listed").until
    }

    pub(crate) fn expect(&self, states: &[(&str, State)]) {
        for (name, state) in states {
            assert_eq!(self.state(name), *state, "{name}: {:?}", self.status(name));
        }
    }

    /// The reason as the consent's owner reads it.
    pub(crate) fn reason(&self, name: &str) -> String {
        let owner = super::universe::namespace(name);
        let status = self.status(name).expect("it is listed");
        status.reason.text(super::universe::only(owner))
    }
}

/// Prefixes.
pub(crate) fn nets(texts: &[&str]) -> Vec<ipnet::IpNet> {
    texts
        .iter()
        .map(|text| text.parse().expect("a prefix"))
        .collect()
}

fn place(names: &[&str], name: &str) -> usize {
    let place = names.iter().position(|known| *known == name);
    place.expect("one of the few names")
}
