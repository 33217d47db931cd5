//! What a network gives to one peer.

use std::sync::Arc;

use ipnet::IpNet;

use crate::{
    compile::prefix::intersection,
    model::{Consent, Network},
};

/// The prefixes of `network` that `consent` exports: all without an `export`, and
/// never anything outside its own. A consent given by `autoAccept` exports all.
pub fn exports(network: &Network, consent: Option<&Consent>) -> Arc<[IpNet]> {
    match consent.and_then(|consent| consent.export.as_ref()) {
        None => network.prefixes.clone(),
        Some(export) => {
            let own = |wanted| {
                network
                    .prefixes
                    .iter()
                    .filter_map(move |p| intersection(p, wanted))
            };
            let mut exports: Vec<IpNet> = export.iter().flat_map(own).collect();
            // What contains a prefix sorts before it.
            exports.sort();
            exports.dedup_by(|inner, outer| outer.contains(&*inner));
            exports.into()
        }
    }
}
