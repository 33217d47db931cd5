//! States in Outscale's words.
//!
//! Owns the words and nothing else: what state a consent is in is `lifecycle`'s.

use crate::{
    lifecycle::{Reason, State, Status},
    model::Name,
};

/// `State.Name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It waits for the accepter.
    Pending,
    /// Both consented, also where nothing flows for the time being.
    Active,
    /// The accepter refused it.
    Rejected,
    /// It could not be from the start.
    Failed,
    /// Nobody answered in time.
    Expired,
    /// It was taken back, or one of the Nets is gone.
    Deleted,
}

impl Word {
    /// As it is written.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Pending => "pending-acceptance",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
        }
    }
}

/// The word for a consent's state; `accepted` is whether both sides ever consented.
pub(super) fn word(status: &Status, accepted: bool) -> Word {
    // Outscale knows no peering that was accepted and does not work: it goes on to be
    // active, and its message says why nothing flows.
    let stopped = if accepted {
        Word::Active
    } else {
        Word::Pending
    };
    match status.state {
        State::Deleted => Word::Deleted,
        State::Rejected => Word::Rejected,
        State::Expired => Word::Expired,
        State::Pending | State::Provisioning => Word::Pending,
        State::Active => Word::Active,
        State::Disabled | State::PeerDisabled | State::Conflict => stopped,
        State::Failed => match &status.reason {
            Reason::Impossible(_) => Word::Failed,
            Reason::PeerGone(_) => Word::Deleted,
            Reason::NoNetwork(_) if accepted => Word::Deleted,
            Reason::NoNetwork(_)
            | Reason::Against(_)
            | Reason::NoPort(..)
            | Reason::NoPeerPort(_)
            | Reason::Zones(_)
            | Reason::TooManyRoutes(..) => stopped,
            // Reasons of other states.
            Reason::Withdrawing
            | Reason::Withdrawn
            | Reason::AdminDown
            | Reason::Held
            | Reason::Rejected(..)
            | Reason::Unanswered(_)
            | Reason::NotConsented(_)
            | Reason::PeerDown
            | Reason::Overlap(_)
            | Reason::NotInKernel
            | Reason::Agreed => stopped,
        },
    }
}

/// `State.Message`: why it is so, unless the word alone says it.
pub(super) fn message(
    status: &Status,
    accepter: Option<&Name>,
    sees: impl Fn(&Name) -> bool,
) -> String {
    match status.state {
        State::Active => "Active".to_owned(),
        State::Pending => pending(accepter),
        State::Deleted
        | State::Disabled
        | State::Rejected
        | State::Expired
        | State::Failed
        | State::PeerDisabled
        | State::Conflict
        | State::Provisioning => status.reason.text(sees),
    }
}

/// The message of what waits for `accepter`.
pub(super) fn pending(accepter: Option<&Name>) -> String {
    match accepter {
        Some(accepter) => format!("Pending acceptance by {accepter}"),
        None => "Pending acceptance".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lifecycle::{Overlap, Whom},
        model::ObjectRef,
    };

    fn status(state: State, reason: Reason) -> Status {
        Status {
            state,
            reason,
            until: None,
        }
    }

    #[test]
    fn every_state_has_its_word_before_and_after_it_was_accepted() {
        let net = || -> ObjectRef { "green-team/green".parse().unwrap() };
        let whom = || Whom::Network(net());
        let overlap = Overlap {
            receiver: net(),
            giver: net(),
            given: "10.1.0.0/16".parse().unwrap(),
            held: "10.1.0.0/16".parse().unwrap(),
            holder: net(),
            exported: true,
            free: None,
        };
        let zones = [(net(), "a".to_owned()), (net(), "b".to_owned())];
        let (pending, active) = ("pending-acceptance", "active");
        for (state, reason, [before, after]) in [
            (State::Pending, Reason::NotConsented(whom()), [pending; 2]),
            (State::Provisioning, Reason::NotInKernel, [pending; 2]),
            (State::Active, Reason::Agreed, [active; 2]),
            (
                State::Rejected,
                Reason::Rejected(whom(), None),
                ["rejected"; 2],
            ),
            (State::Expired, Reason::Unanswered(whom()), ["expired"; 2]),
            (State::Deleted, Reason::Withdrawn, ["deleted"; 2]),
            (State::Deleted, Reason::Withdrawing, ["deleted"; 2]),
            (State::Disabled, Reason::AdminDown, [pending, active]),
            (State::Disabled, Reason::Held, [pending, active]),
            (State::PeerDisabled, Reason::PeerDown, [pending, active]),
            (
                State::Conflict,
                Reason::Overlap(overlap.into()),
                [pending, active],
            ),
            (
                State::Failed,
                Reason::Impossible("why".into()),
                ["failed"; 2],
            ),
            (State::Failed, Reason::PeerGone(None), ["deleted"; 2]),
            (
                State::Failed,
                Reason::NoNetwork(net()),
                [pending, "deleted"],
            ),
            (
                State::Failed,
                Reason::NoPort(net(), "why".into()),
                [pending, active],
            ),
            (State::Failed, Reason::NoPeerPort(net()), [pending, active]),
            (State::Failed, Reason::Zones(zones), [pending, active]),
            (
                State::Failed,
                Reason::Against("why".into()),
                [pending, active],
            ),
            (
                State::Failed,
                Reason::TooManyRoutes("green-team".parse().unwrap(), 1, 2),
                [pending, active],
            ),
        ] {
            let status = status(state, reason);
            assert_eq!(word(&status, false).text(), before, "{status:?} unaccepted");
            assert_eq!(word(&status, true).text(), after, "{status:?} accepted");
            let said = message(&status, None, |_| true);
            assert!(!said.is_empty());
            // Whatever does not work says why.
            let works = matches!(state, State::Active | State::Pending);
            assert_eq!(said == status.reason.text(|_| true), !works, "{said}");
        }
    }

    #[test]
    fn what_works_or_waits_says_so_as_outscale_does() {
        let green: Name = "green-team".parse().unwrap();
        let whom = Whom::Network("green-team/green".parse().unwrap());
        let waits = status(State::Pending, Reason::NotConsented(whom));
        assert_eq!(
            message(&waits, Some(&green), |_| true),
            "Pending acceptance by green-team"
        );
        assert_eq!(message(&waits, None, |_| true), "Pending acceptance");
        let works = status(State::Active, Reason::Agreed);
        assert_eq!(message(&works, Some(&green), |_| true), "Active");
    }
}
