//! The rows of the table of states, top to bottom.

use peer_userspace::lifecycle::State;

use crate::lifecycle::{
    model::HOUR,
    story::{Story, nets},
    universe::port,
};

#[test]
fn a_consent_no_longer_declared_is_listed_as_deleted_for_an_hour_of_host_time() {
    let mut story = Story::of_two_that_peer();
    story.without("a/p");
    story.look_after(5);
    story.expect(&[("a/p", State::Deleted), ("b/p", State::Pending)]);
    let end = story.until("a/p").expect("an end");
    assert_eq!(end, story.now().host + HOUR);
    story.look_after(HOUR - 1);
    story.expect(&[("a/p", State::Deleted)]);
    story.look_after(1);
    assert_eq!(story.status("a/p"), None);
}

#[test]
fn what_was_rejected_or_expired_is_gone_at_once_when_it_is_deleted() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.consent("a/q", "a/x", "c/x");
    story.alter("a/q", |spec| spec.ttl = Some(1));
    story.look_after(0);
    story.reject("a/p");
    story.look_after(1_000);
    story.expect(&[("a/p", State::Rejected), ("a/q", State::Expired)]);
    story.without("a/p");
    story.without("a/q");
    story.look_after(0);
    assert_eq!((story.status("a/p"), story.status("a/q")), (None, None));
}

#[test]
fn a_disabled_consent_is_disabled_before_it_is_rejected_or_failed() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.reject("a/p");
    story.alter("a/p", |spec| spec.up = false);
    story.alter_network("a/x", |network| network.ports.clear());
    story.look_after(0);
    story.expect(&[("a/p", State::Disabled)]);
    story.alter("a/p", |spec| spec.up = true);
    story.look_after(0);
    story.expect(&[("a/p", State::Rejected)]);
}

#[test]
fn a_disabled_consent_stays_disabled_when_the_peer_is_gone() {
    let mut story = Story::of_two_that_peer();
    story.alter("a/p", |spec| spec.up = false);
    story.without_network("b/x");
    story.without("b/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Disabled)]);
}

#[test]
fn a_hold_disables_as_the_admin_state_does() {
    let mut story = Story::of_two_that_peer();
    story.hold("a/p", true);
    story.look_after(0);
    story.expect(&[("a/p", State::Disabled), ("b/p", State::PeerDisabled)]);
    story.hold("a/p", false);
    story.look_after(0);
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
}

#[test]
fn a_consent_fails_for_want_of_an_own_port_before_anybody_answers() {
    let mut story = Story::of_three();
    story.alter_network("a/x", |network| network.ports = vec![port("if-none")]);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed)]);
}

#[test]
fn a_peer_without_a_port_fails_a_consent_only_once_both_consent() {
    let mut story = Story::of_three();
    story.alter_network("b/x", |network| network.ports.clear());
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Failed)]);
}

#[test]
fn another_zone_fails_a_consent_only_once_both_consent() {
    let mut story = Story::of_three();
    story.alter_network("b/x", |network| network.zone = 1);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Failed)]);
}

#[test]
fn a_zone_changed_under_an_active_peering_fails_it_and_back_resumes_it() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("b/x", |network| network.zone = 1);
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Failed)]);
    assert_eq!(story.system.plan.states.carrying().count(), 0);
    story.alter_network("b/x", |network| network.zone = 0);
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn a_network_does_not_peer_with_itself() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed)]);
}

#[test]
fn rules_that_cannot_be_enforced_fail_both_sides() {
    let mut story = Story::of_two_that_peer();
    story.alter("a/p", |spec| spec.impossible = true);
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Failed)]);
}

#[test]
fn a_matched_network_that_is_gone_fails_the_consent_until_the_name_is_back() {
    let mut story = Story::of_two_that_peer();
    story.without_network("b/x");
    story.without("b/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed)]);
    story.look_after(2 * HOUR);
    story.expect(&[("a/p", State::Failed)]);
    story.network("b/x", &["10.2.0.0/16"]);
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning)]);
}

#[test]
fn a_network_that_never_was_there_leaves_the_request_pending() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "d/ghost");
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn withdrawing_returns_the_peers_consent_to_pending_for_ever() {
    let mut story = Story::of_two_that_peer();
    story.alter("a/p", |spec| spec.ttl = Some(1));
    story.without("b/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Pending), ("b/p", State::Deleted)]);
    assert_eq!(
        story.until("a/p"),
        None,
        "once matched, a request never expires"
    );
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn what_is_agreed_is_provisioning_until_the_kernel_holds_it() {
    let mut story = Story::of_three();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
}

#[test]
fn an_owner_that_accepts_beforehand_needs_no_consent_of_its_own() {
    let mut story = Story::of_three();
    story.alter_network("b/x", |network| network.auto_accept = vec!["a"]);
    story.consent("a/p", "a/x", "b/x");
    story.consent("c/p", "c/x", "b/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("c/p", State::Pending)]);
}

#[test]
fn export_narrowed_to_nothing_leaves_the_peering_active() {
    let mut story = Story::of_two_that_peer();
    story.alter("a/p", |spec| spec.export = Some(nets(&[])));
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
    let states = &story.system.plan.states;
    let (label, pair) = states.pairs.iter().next().expect("the pair");
    assert!(pair.exports_of(label, label.networks().0).is_empty());
    assert_eq!(
        pair.exports_of(label, label.networks().1),
        nets(&["10.2.0.0/16"])
    );
}
