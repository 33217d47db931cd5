//! Why a consent is in its state, in a sentence for whoever asks.
//!
//! Owns the sentences, and what of another owner's a sentence may tell.

use std::fmt;

use ipnet::IpNet;
use uuid::Uuid;

use super::facts::ConsentFacts;
use crate::model::{Consent, Name, ObjectRef, PeerRef, Source};

/// The fact behind a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The consent is not declared any more; packets still pass.
    Withdrawing,
    /// The consent is not declared any more.
    Withdrawn,
    /// `adminState: down`.
    AdminDown,
    /// A hold was put over the file's consent.
    Held,
    /// The other owner refused, perhaps with a word about it.
    Rejected(Whom, Option<String>),
    /// It could not be when it was made, in a sentence.
    Impossible(String),
    /// Nobody answered in time.
    Unanswered(Whom),
    /// A rule against it; nothing of another owner's is in the sentence.
    Against(String),
    /// The own network does not exist.
    NoNetwork(ObjectRef),
    /// The own network has no working port, and why.
    NoPort(ObjectRef, String),
    /// The peer's network has no working port.
    NoPeerPort(ObjectRef),
    /// The network it was matched with is gone, and its name where that is still known.
    PeerGone(Option<ObjectRef>),
    /// The two are in different zones.
    Zones([(ObjectRef, String); 2]),
    /// The other side has not consented.
    NotConsented(Whom),
    /// The peer's `adminState` is down.
    PeerDown,
    /// The receiver holds an overlapping prefix already.
    Overlap(Box<Overlap>),
    /// A namespace would import more routes than it may: whose, how many it may, and
    /// how many it would.
    TooManyRoutes(Name, usize, usize),
    /// Agreed, not yet in the kernel.
    NotInKernel,
    /// Both sides consent.
    Agreed,
}

/// Who is asked. Whose an id is, only the answer tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A network by its name.
    Network(ObjectRef),
    /// A network by its uid.
    Id(Uuid),
    /// A network by what another system calls it.
    Source(Source),
}

impl Whom {
    /// Whom `consent` asks.
    pub(super) fn of(consent: &Consent, facts: Option<&ConsentFacts>) -> Self {
        let matched = facts.is_some_and(|facts| facts.peer_uid.is_some());
        match &consent.peer {
            PeerRef::Network(network) => Self::Network(network.clone()),
            PeerRef::Id(_, Some(network)) | PeerRef::Source(_, Some(network)) if matched => {
                Self::Network(network.clone())
            }
            PeerRef::Id(uid, _) => Self::Id(*uid),
            PeerRef::Source(source, _) => Self::Source(source.clone()),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Id(uid) => write!(f, "the network with the id {uid}"),
            Self::Source(source) => source.fmt(f),
        }
    }
}

/// Two prefixes that one network cannot hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Who would import `given`.
    pub receiver: ObjectRef,
    /// Who exports it.
    pub giver: ObjectRef,
    /// The prefix to be imported.
    pub given: IpNet,
    /// The prefix the receiver holds.
    pub held: IpNet,
    /// Whose that is: the receiver's own, or another peer's.
    pub holder: ObjectRef,
    /// Whether the receiver exports it to the giver.
    pub exported: bool,
    /// The nearest prefix of `given`'s length that both networks have free.
    pub free: Option<IpNet>,
}

impl Reason {
    /// The sentence for somebody who may see the namespaces that `sees` says.
    pub fn text(&self, sees: impl Fn(&Name) -> bool) -> String {
        match self {
            Self::Withdrawing => "withdrawn; the kernel has not followed yet".to_owned(),
            Self::Withdrawn => "withdrawn by its owner".to_owned(),
            Self::AdminDown => "its adminState is down".to_owned(),
            Self::Held => {
                "disabled by a hold over what declares it; `peerctl enable` lifts it".to_owned()
            }
            Self::Rejected(by, None) => format!("{by} rejected it"),
            Self::Rejected(by, Some(word)) => format!("{by} rejected it: {word}"),
            Self::Unanswered(by) => format!("{by} did not consent within its ttl"),
            Self::Against(sentence) | Self::Impossible(sentence) => sentence.clone(),
            Self::NoNetwork(own) => format!("network {own} does not exist"),
            Self::NoPort(own, why) => format!("network {own} has no working port: {why}"),
            Self::NoPeerPort(peer) => format!("network {peer} has no working port"),
            Self::PeerGone(Some(peer)) => format!("network {peer} does not exist any more"),
            Self::PeerGone(None) => {
                "the network it was matched with does not exist any more".to_owned()
            }
            Self::Zones([(one, its), (other, others)]) => {
                format!("{one} is in zone {its}, {other} in zone {others}")
            }
            Self::NotConsented(peer) => format!("{peer} has not consented"),
            Self::PeerDown => "the peer is disabled by its owner".to_owned(),
            Self::Overlap(overlap) => overlap.text(sees),
            Self::TooManyRoutes(whose, limit, would) if sees(whose) => format!(
                "namespace {whose} may import {limit} routes; this peering would make it {would}"
            ),
            Self::TooManyRoutes(..) => "the peer can import no more routes".to_owned(),
            Self::NotInKernel => "agreed, not yet in the kernel".to_owned(),
            Self::Agreed => "both sides consent".to_owned(),
        }
    }
}

impl Overlap {
    /// What is in the way is told to those that know it: the receiver, and whose it
    /// is or who is given it.
    fn text(&self, sees: impl Fn(&Name) -> bool) -> String {
        let Self {
            receiver,
            giver,
            given,
            held,
            holder,
            exported,
            free,
        } = self;
        let mut text = if holder == receiver && (*exported || sees(&receiver.namespace)) {
            format!("{given} of {giver} overlaps {held} of {receiver}")
        } else if holder == receiver {
            format!("{given} of {giver} overlaps a prefix that {receiver} does not export to it")
        } else if sees(&receiver.namespace) || sees(&holder.namespace) {
            format!("{given} of {giver} overlaps {held}, which {receiver} imports from {holder}")
        } else {
            format!("{given} of {giver} overlaps what {receiver} imports from another network")
        };
        if let Some(free) = free {
            text.push_str(&format!(
                "; the nearest prefix of its length that is free is {free}"
            ));
        }
        text
    }
}
