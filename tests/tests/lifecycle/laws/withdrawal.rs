//! What is withdrawn: what its owner is told meanwhile, and what the others notice.

use peer_userspace::lifecycle::{Reason, State, overdue};

use crate::lifecycle::{
    model::HOUR,
    story::Story,
    universe::{named, port},
};

fn is_withdrawing(story: &Story, name: &str) -> bool {
    let status = story.status(name).expect("it is listed");
    assert_eq!(status.state, State::Deleted);
    status.reason == Reason::Withdrawing
}

#[test]
fn a_deleted_consent_is_withdrawing_until_the_kernel_has_followed() {
    let mut story = Story::of_two_that_peer();
    story.without("a/p");
    story.look_after(1);
    assert!(is_withdrawing(&story, "a/p"));
    story.look_after(1);
    assert!(!is_withdrawing(&story, "a/p"));
}

#[test]
fn a_deleted_consent_that_names_an_id_is_withdrawing_like_any_other() {
    let mut story = Story::of_three();
    story.look_after(1);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1);
    story.without("a/p");
    story.look_after(1);
    assert!(is_withdrawing(&story, "a/p"));
}

#[test]
fn a_deleted_consent_is_not_withdrawing_where_the_pair_goes_on_without_it() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("b/x", |network| network.auto_accept = vec!["a"]);
    story.look_after(1);
    story.without("b/p");
    story.look_after(1);
    story.look_after(1);
    story.expect(&[("a/p", State::Active)]);
    assert!(!is_withdrawing(&story, "b/p"));
}

#[test]
fn who_rejected_a_request_and_then_consents_waits_for_a_new_one() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(1);
    story.reject("a/p");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Rejected), ("b/p", State::Pending)]);
    story.alter("a/p", |spec| spec.ttl = Some(60));
    story.look_after(1);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn a_request_once_answered_never_expires_whatever_becomes_of_the_answer() {
    let mut story = Story::of_three();
    story.alter_network("b/x", |network| network.zone = 1);
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.alter("a/p", |spec| spec.ttl = Some(1));
    story.look_after(1);
    story.expect(&[("a/p", State::Failed)]);
    story.without("b/p");
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn a_consent_turned_to_another_network_is_a_request_that_was_never_answered() {
    let mut story = Story::of_two_that_peer();
    let ghost = crate::lifecycle::universe::Peer::Name(5);
    story.alter("a/p", |spec| (spec.peer, spec.ttl) = (ghost, Some(1)));
    story.look_after(1);
    story.expect(&[("a/p", State::Pending), ("b/p", State::Pending)]);
    story.look_after(1_000);
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn what_ended_is_overdue_after_an_hour_and_not_before() {
    let mut story = Story::of_three();
    for name in ["a/p", "a/q"] {
        story.consent(name, "a/x", "b/x");
    }
    story.consent("a/r", "a/x", "c/x");
    story.look_after(1);
    story.reject("a/p");
    story.without("a/r");
    story.look_after(0);
    let is_overdue = |story: &Story| {
        let states = &story.system.plan.states;
        overdue(states, story.now()).any(|id| *id == named("a/p"))
    };
    story.look_after(HOUR - 1);
    assert!(!is_overdue(&story));
    story.look_after(1);
    assert!(is_overdue(&story));
    assert_eq!(overdue(&story.system.plan.states, story.now()).count(), 1);
    assert_eq!(story.status("a/r"), None);
}

#[test]
fn an_interface_is_the_port_of_the_first_network_that_names_it() {
    let mut story = Story::of_two_that_peer();
    story.network("a/y", &["10.4.0.0/16"]);
    story.alter_network("a/y", |network| network.ports = vec![port("if-0")]);
    story.consent("a/q", "a/y", "c/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("a/q", State::Failed)]);
    story.without_network("a/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Failed), ("a/q", State::Pending)]);
}

#[test]
fn two_consents_of_a_deleted_and_remade_network_stay_in_step() {
    let mut story = Story::of_two_that_peer();
    story.without_network("b/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Failed)]);
    story.network("b/x", &["10.2.0.0/16"]);
    story.look_after(1);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}
