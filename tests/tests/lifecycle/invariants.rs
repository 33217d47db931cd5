//! What holds whatever the model says.

use peer_userspace::lifecycle::State;

use super::{
    commands::{Command, Step},
    model::Model,
    system::{System, label},
};

/// Who carries traffic does so by both sides' will and into disjoint tables.
pub(crate) fn of_the_moment(system: &System, model: &Model) {
    let (states, table) = (&system.plan.states, &system.plan.table);
    let carries = |state| matches!(state, State::Active | State::Provisioning);
    for pair in states.carrying() {
        let (smaller, larger) = pair.networks();
        for (own, peer) in [(smaller, larger), (larger, smaller)] {
            let network = &table.networks[own];
            let counting: Vec<_> = states.pairs[pair]
                .consents
                .iter()
                .filter(|id| table.consents[*id].own() == *own)
                .collect();
            assert!(
                !counting.is_empty() || network.accepts_by_itself(&peer.namespace),
                "{own} never consented to {pair}"
            );
            for id in counting {
                assert!(carries(states.consents[id].state), "{id} of {pair}");
            }
        }
    }
    for (id, status) in &states.consents {
        if carries(status.state) {
            let pair = table.consents[id].pair().expect("a pair");
            assert!(states.pairs[&pair].carries, "{id} is {}", status.state);
        }
    }
    for network in table.networks.values() {
        let mut has = network.prefixes.to_vec();
        for (pair, _) in states
            .pairs_of(&network.id)
            .filter(|(_, pair)| pair.carries)
        {
            let giver = pair.other(&network.id);
            let gift = states.pairs[pair].exports_of(pair, giver);
            for given in gift {
                for had in &has {
                    let common = had.contains(given) || given.contains(had);
                    assert!(!common, "{} has {had} and imports {given}", network.id);
                }
            }
            has.extend(gift);
        }
    }
    for pair in &model.carrying {
        for (giver, receiver) in [(pair.0, pair.1), (pair.1, pair.0)] {
            let known = label(*pair);
            let (smaller, larger) = known.networks();
            let name = if giver == pair.0 { smaller } else { larger };
            let mut expected = model.given(giver, receiver);
            let mut exports = states.pairs[&known].exports_of(&known, name).to_vec();
            expected.sort();
            exports.sort();
            assert_eq!(exports, expected, "{name} exports over {known}");
        }
    }
}

/// What is declared anew, and nothing else, never ends what carries traffic.
pub(crate) fn of_the_step(system: &System, before: &Model, model: &Model, step: &Step) {
    // Of one millisecond none is older; names decide what exceeds a quota.
    if model.now == before.now {
        return;
    }
    let mut told = before.clone();
    for command in &step.commands {
        if !told.can(command) {
            continue;
        }
        if !matches!(
            command,
            Command::DeclareNetwork(..) | Command::DeclareConsent(..)
        ) {
            return;
        }
        told.act(command);
    }
    let states = &system.plan.states;
    for pair in &before.carrying {
        let slots: Vec<usize> = model.both(*pair).collect();
        // Who accepted beforehand may think again.
        let said = slots.iter().any(|slot| !before.consents.contains_key(slot));
        if said {
            continue;
        }
        let label = label(*pair);
        let carries = states.pairs.get(&label).is_some_and(|now| now.carries);
        assert!(carries, "{label} fell to a newer declaration");
    }
}
