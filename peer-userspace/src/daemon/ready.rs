//! Telling the service manager (sd_notify(3)).

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::Snapshot;
use crate::{compile::prefix::is_global, host::Interface};

/// How long to wait for addresses to be free of duplicates; detection takes the
/// kernel about two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says once that the daemon is ready.
pub(super) struct Readiness {
    started: Instant,
    told: bool,
}

impl Readiness {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            told: false,
        }
    }

    /// Ready is: programs attached, maps filled, no port's address tentative. A
    /// packet sent on behalf of a tentative address would be lost.
    pub(super) fn look(&mut self, snapshot: &Snapshot) {
        if self.told || snapshot.last_apply.at == 0 || snapshot.last_apply.error.is_some() {
            return;
        }
        let settled = snapshot.ports.working().all(|(index, ..)| {
            let interface = snapshot.host.interfaces.get(&index);
            interface.is_none_or(is_settled)
        });
        if !settled && self.started.elapsed() < PATIENCE {
            return;
        }
        self.told = true;
        tracing::info!("ready");
        // Without a service manager there is nobody to tell.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// Whether there is still something to say.
    pub(super) fn is_waiting(&self) -> bool {
        !self.told
    }
}

/// Whether the kernel can speak for all of an interface's addresses. An IPv6 one
/// needs a link-local beside it, or no neighbour can be solicited (RFC 4861
/// section 7.2.2).
fn is_settled(interface: &Interface) -> bool {
    let v6: Vec<_> = interface
        .addresses
        .iter()
        .filter(|address| address.net.addr().is_ipv6())
        .collect();
    let link_local = v6.iter().any(|address| !is_global(address.net.addr()));
    (v6.is_empty() || link_local) && !interface.addresses.iter().any(|address| address.tentative)
}
