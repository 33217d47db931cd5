//! What a reason may tell its owner.

use super::{
    model::Model,
    system::System,
    universe::{CONSENTS, DECLARABLE, INTERFACES, NETWORKS, ZONES, namespace, only},
};

/// Before both have consented, a reason tells nothing of the peer's network, and of a
/// third one never.
pub(crate) fn tell_nothing_of_others(system: &System, model: &Model) {
    let listed = system
        .plan
        .states
        .consents
        .values()
        .zip(model.verdicts.keys());
    for (status, slot) in listed {
        let Some(spec) = model.consents.get(slot) else {
            continue;
        };
        let owner = namespace(CONSENTS[*slot]);
        let text = status.reason.text(only(owner));
        let peer = model.asked(*slot);
        let silent = |secret: &str| {
            assert!(
                !text.contains(secret),
                "{} tells {secret}: {text}",
                CONSENTS[*slot]
            );
        };
        for (third, name) in NETWORKS.iter().enumerate() {
            if third != spec.own && Some(third) != peer && namespace(name) != owner {
                // To the receiver, a prefix it imports already is no secret.
                if !text.contains(&format!("which {owner}/")) {
                    silent(name);
                }
            }
        }
        let agreed = peer.is_some_and(|peer| {
            let pair = (spec.own.min(peer), spec.own.max(peer));
            model.agreed.contains(&pair)
        });
        if agreed {
            continue;
        }
        let own = model.networks.get(&spec.own);
        for other in (0..DECLARABLE).filter(|other| *other != spec.own) {
            let Some(network) = model.networks.get(&other) else {
                continue;
            };
            if namespace(NETWORKS[other]) == owner {
                continue;
            }
            for prefix in &network.prefixes {
                silent(&prefix.to_string());
            }
            for port in &network.ports {
                if !own.is_some_and(|own| own.ports.contains(port)) {
                    silent(INTERFACES[*port]);
                }
            }
        }
        ZONES.iter().for_each(|zone| silent(zone));
    }
}
