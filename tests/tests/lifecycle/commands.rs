//! What may happen between two looks.

use std::fmt;

use peer_userspace::lifecycle::State;

use super::{
    model::Model,
    universe::{ConsentSpec, NetworkSpec, Peer, network_is_a_files},
};

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    DeclareNetwork(usize, NetworkSpec),
    UndeclareNetwork(usize),
    /// Deleted from the API and made again as it was.
    RenewNetwork(usize),
    AlterNetwork(usize, NetworkChange),
    DeclareConsent(usize, ConsentSpec),
    UndeclareConsent(usize),
    AlterConsent(usize, ConsentChange),
    Reject(usize),
    Hold(usize),
    Unhold(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum NetworkChange {
    Zone(usize),
    Prefixes(Vec<ipnet::IpNet>),
    Ports(Vec<usize>),
    AutoAccept(Vec<&'static str>),
}

#[derive(Clone, Debug)]
pub(crate) enum ConsentChange {
    Up(bool),
    Peer(Peer),
    Export(Option<Vec<ipnet::IpNet>>),
    Ttl(Option<u64>),
    Impossible(bool),
    Label(u8),
}

/// How long it takes until the next look.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    For(u64),
    /// So many milliseconds before the next state ends by itself.
    Before(u64),
}

/// What is done besides to declarations and facts, which must change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disturbance {
    Nothing,
    /// All documents are read again, in another order.
    Shuffle(u64),
    /// Everything goes to disk and comes back.
    Restart,
}

/// Some time passes, things happen, and then all is looked at.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) wait: Wait,
    /// By how much the wall clock jumps, in years.
    pub(crate) jump: i64,
    pub(crate) commands: Vec<Command>,
    /// Whether the kernel has followed the look before.
    pub(crate) kernel_follows: bool,
    pub(crate) disturbance: Disturbance,
}

/// On one line, for the reader of a failed story.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wait,
            jump,
            commands,
            kernel_follows,
            disturbance,
        } = self;
        let lags = if *kernel_follows { "" } else { ", kernel lags" };
        write!(
            f,
            "{wait:?}, jump {jump}{lags}, {disturbance:?}: {commands:?}"
        )
    }
}

const YEAR: i64 = 31_557_600_000;

impl Model {
    /// Whether `command` means anything now.
    pub(crate) fn can(&self, command: &Command) -> bool {
        match command {
            Command::DeclareNetwork(network, _) => !self.networks.contains_key(network),
            Command::RenewNetwork(network) => {
                self.networks.contains_key(network) && !network_is_a_files(*network)
            }
            Command::UndeclareNetwork(network) | Command::AlterNetwork(network, _) => {
                self.networks.contains_key(network)
            }
            Command::DeclareConsent(slot, _) => !self.consents.contains_key(slot),
            Command::UndeclareConsent(slot)
            | Command::AlterConsent(slot, _)
            | Command::Hold(slot) => self.consents.contains_key(slot),
            Command::Unhold(slot) => self.holds.contains(slot),
            // Only what was seen can be refused.
            Command::Reject(slot) => {
                let verdict = self.verdicts.get(slot);
                verdict.is_some_and(|verdict| verdict.state != State::Deleted)
                    && self.consents.contains_key(slot)
            }
        }
    }

    /// Do all of a step and look.
    pub(crate) fn take(&mut self, step: &Step) {
        self.now += self.length(step.wait);
        self.wall = self
            .wall
            .saturating_add(self.length(step.wait))
            .saturating_add_signed(step.jump * YEAR);
        if step.kernel_follows {
            self.in_kernel = self.carrying.clone();
        }
        for command in &step.commands {
            if self.can(command) {
                self.act(command);
            }
        }
        self.look();
    }

    fn length(&self, wait: Wait) -> u64 {
        match wait {
            Wait::For(time) => time,
            Wait::Before(less) => {
                let until = self.verdicts.values().filter_map(|verdict| verdict.until);
                let next = until.filter(|until| *until > self.now).min();
                next.map_or(0, |next| (next - self.now).saturating_sub(less))
            }
        }
    }

    /// Do one thing that can be done.
    pub(crate) fn act(&mut self, command: &Command) {
        match command.clone() {
            Command::DeclareNetwork(network, spec) => {
                self.networks.insert(network, spec);
            }
            Command::UndeclareNetwork(network) => {
                self.networks.remove(&network);
            }
            Command::RenewNetwork(network) => {
                self.renewed.insert(network);
            }
            Command::AlterNetwork(network, change) => {
                if let Some(spec) = self.networks.get_mut(&network) {
                    change.apply(spec);
                }
            }
            Command::DeclareConsent(slot, spec) => {
                self.consents.insert(slot, spec);
            }
            Command::UndeclareConsent(slot) => {
                self.consents.remove(&slot);
            }
            Command::AlterConsent(slot, change) => {
                if let Some(spec) = self.consents.get_mut(&slot) {
                    change.apply(spec);
                }
            }
            Command::Reject(slot) => {
                if let Some(past) = self.consent_past.get_mut(&slot) {
                    past.rejected = Some(self.now);
                }
            }
            Command::Hold(slot) => {
                self.holds.insert(slot);
            }
            Command::Unhold(slot) => {
                self.holds.remove(&slot);
            }
        }
    }
}

impl NetworkChange {
    fn apply(self, spec: &mut NetworkSpec) {
        match self {
            Self::Zone(zone) => spec.zone = zone,
            Self::Prefixes(prefixes) => spec.prefixes = prefixes,
            Self::Ports(ports) => spec.ports = ports,
            Self::AutoAccept(whom) => spec.auto_accept = whom,
        }
    }
}

impl ConsentChange {
    fn apply(self, spec: &mut ConsentSpec) {
        match self {
            Self::Up(up) => spec.up = up,
            Self::Peer(peer) => spec.peer = peer,
            Self::Export(export) => spec.export = export,
            Self::Ttl(ttl) => spec.ttl = ttl,
            Self::Impossible(impossible) => spec.impossible = impossible,
            Self::Label(label) => spec.label = label,
        }
    }
}
