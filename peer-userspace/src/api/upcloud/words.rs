//! States of a consent in UpCloud's words.

use crate::lifecycle::{Reason, State, Status};

/// The word for `status`; `None` for what UpCloud knows no more. `overlaps` says that
/// the two networks could not peer whatever their owners say.
pub(super) fn state(status: &Status, overlaps: bool) -> Option<&'static str> {
    Some(match status.state {
        State::Deleted => return None,
        State::Disabled => "disabled",
        State::Rejected | State::Expired => "error",
        State::Failed => failed(&status.reason),
        State::Pending if overlaps => "conflict-subnet",
        State::Pending => "pending-peer",
        State::PeerDisabled => "peer-disabled",
        State::Conflict => "conflict-subnet",
        State::Provisioning => "provisioning",
        State::Active => "active",
    })
}

fn failed(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoNetwork(_) | Reason::NoPort(..) => "missing-local-router",
        Reason::NoPeerPort(_) => "missing-peer-router",
        Reason::PeerGone(_) => "deleted-peer-network",
        Reason::Against(_)
        | Reason::Impossible(_)
        | Reason::Zones(_)
        | Reason::TooManyRoutes(..)
        // Those of other states.
        | Reason::Withdrawing
        | Reason::Withdrawn
        | Reason::AdminDown
        | Reason::Held
        | Reason::Rejected(..)
        | Reason::Unanswered(_)
        | Reason::NotConsented(_)
        | Reason::PeerDown
        | Reason::Overlap(_)
        | Reason::NotInKernel
        | Reason::Agreed => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lifecycle::{Overlap, Whom},
        model::{Name, ObjectRef},
    };

    fn network() -> ObjectRef {
        "green-team/green".parse().unwrap()
    }

    /// One of every reason.
    fn reasons() -> Vec<Reason> {
        let zone = || (network(), "a".to_owned());
        let prefix: ipnet::IpNet = "10.0.0.0/8".parse().unwrap();
        let overlap = Overlap {
            receiver: network(),
            giver: network(),
            given: prefix,
            held: prefix,
            holder: network(),
            exported: true,
            free: None,
        };
        vec![
            Reason::Withdrawing,
            Reason::Withdrawn,
            Reason::AdminDown,
            Reason::Held,
            Reason::Rejected(Whom::Network(network()), None),
            Reason::Impossible(String::new()),
            Reason::Unanswered(Whom::Network(network())),
            Reason::Against(String::new()),
            Reason::NoNetwork(network()),
            Reason::NoPort(network(), String::new()),
            Reason::NoPeerPort(network()),
            Reason::PeerGone(None),
            Reason::PeerGone(Some(network())),
            Reason::Zones([zone(), zone()]),
            Reason::NotConsented(Whom::Network(network())),
            Reason::PeerDown,
            Reason::Overlap(Box::new(overlap)),
            Reason::TooManyRoutes(Name::default_namespace(), 1, 2),
            Reason::NotInKernel,
            Reason::Agreed,
        ]
    }

    fn word(state: State, reason: Reason, overlaps: bool) -> Option<&'static str> {
        super::state(
            &Status {
                state,
                reason,
                until: None,
            },
            overlaps,
        )
    }

    #[test]
    fn only_a_failure_has_its_word_from_its_reason() {
        for (state, expected) in [
            (State::Deleted, None),
            (State::Disabled, Some("disabled")),
            (State::Rejected, Some("error")),
            (State::Expired, Some("error")),
            (State::Pending, Some("pending-peer")),
            (State::PeerDisabled, Some("peer-disabled")),
            (State::Conflict, Some("conflict-subnet")),
            (State::Provisioning, Some("provisioning")),
            (State::Active, Some("active")),
        ] {
            for reason in reasons() {
                assert_eq!(
                    word(state, reason.clone(), false),
                    expected,
                    "{state} {reason:?}"
                );
                if state != State::Pending {
                    assert_eq!(word(state, reason, true), expected, "{state}");
                }
            }
        }
        let asked = Reason::NotConsented(Whom::Network(network()));
        assert_eq!(word(State::Pending, asked, true), Some("conflict-subnet"));
    }

    #[test]
    fn a_failure_says_whose_router_or_network_is_missing() {
        for reason in reasons() {
            let expected = match &reason {
                Reason::NoNetwork(_) | Reason::NoPort(..) => "missing-local-router",
                Reason::NoPeerPort(_) => "missing-peer-router",
                Reason::PeerGone(_) => "deleted-peer-network",
                _ => "error",
            };
            assert_eq!(word(State::Failed, reason, false), Some(expected));
        }
    }

    #[test]
    fn every_word_of_upclouds_is_one_of_ours_and_no_other() {
        let mut words: Vec<_> = State::ALL
            .into_iter()
            .flat_map(|state| reasons().into_iter().map(move |reason| (state, reason)))
            .filter_map(|(state, reason)| word(state, reason, false))
            .collect();
        words.sort();
        words.dedup();
        assert_eq!(
            words,
            [
                "active",
                "conflict-subnet",
                "deleted-peer-network",
                "disabled",
                "error",
                "missing-local-router",
                "missing-peer-router",
                "peer-disabled",
                "pending-peer",
                "provisioning",
            ]
        );
    }
}
