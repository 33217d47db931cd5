//! How a request ends, and what begins it anew.

use peer_userspace::{dialect::parse, lifecycle::State, store::Declaration};

use crate::lifecycle::{
    model::HOUR,
    story::{Story, nets},
};

/// `a/p` asks `b/x` for two seconds.
fn asked_for_two_seconds() -> Story {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.alter("a/p", |spec| spec.ttl = Some(2));
    story.look_after(0);
    assert_eq!(story.until("a/p"), Some(story.now().host + 2_000));
    story
}

#[test]
fn a_request_expires_at_its_deadline_and_not_before() {
    let mut story = asked_for_two_seconds();
    story.look_after(1_999);
    story.expect(&[("a/p", State::Pending)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);
    assert_eq!(story.until("a/p"), Some(story.now().host + HOUR));
}

#[test]
fn a_request_answered_at_its_deadline_is_agreed() {
    let mut story = asked_for_two_seconds();
    story.consent("b/p", "b/x", "a/x");
    story.look_after(2_000);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
    assert_eq!(story.until("a/p"), None);
}

#[test]
fn an_answer_to_an_expired_request_waits_for_a_new_one() {
    let mut story = asked_for_two_seconds();
    story.look_after(2_000);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Expired), ("b/p", State::Pending)]);
    story.alter("a/p", |spec| spec.ttl = Some(3));
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn the_wall_clock_expires_nothing() {
    let mut story = asked_for_two_seconds();
    let ten_years = 315_576_000_000;
    story.wall += ten_years;
    story.look_after(1);
    story.expect(&[("a/p", State::Pending)]);
    story.wall -= 2 * ten_years;
    story.look_after(1_998);
    story.expect(&[("a/p", State::Pending)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn a_request_without_a_ttl_waits_for_ever() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    assert_eq!(story.until("a/p"), None);
    story.look_after(10_000 * HOUR);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn any_change_of_an_unmatched_request_begins_its_time_anew() {
    let mut story = asked_for_two_seconds();
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/17"])));
    story.look_after(1_500);
    assert_eq!(story.until("a/p"), Some(story.now().host + 2_000));
}

#[test]
fn new_labels_are_no_new_request() {
    let mut story = asked_for_two_seconds();
    story.alter("a/p", |spec| spec.label = 1);
    story.look_after(1_500);
    assert_eq!(story.until("a/p"), Some(story.now().host + 500));
    story.reject("a/p");
    story.alter("a/p", |spec| spec.label = 2);
    story.look_after(0);
    story.expect(&[("a/p", State::Rejected)]);
}

#[test]
fn a_disabled_request_does_not_expire_and_resumed_has_all_its_time() {
    let mut story = asked_for_two_seconds();
    story.alter("a/p", |spec| spec.up = false);
    story.look_after(1_000);
    story.look_after(10_000);
    story.expect(&[("a/p", State::Disabled)]);
    story.alter("a/p", |spec| spec.up = true);
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
    assert_eq!(story.until("a/p"), Some(story.now().host + 2_000));
}

#[test]
fn a_failed_request_expires_no_sooner_than_it_would_be_pending() {
    let mut story = asked_for_two_seconds();
    story.alter_network("a/x", |network| network.ports.clear());
    story.look_after(5_000);
    story.expect(&[("a/p", State::Failed)]);
    story.alter_network("a/x", |network| network.ports = vec![0]);
    story.look_after(0);
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn a_rejected_request_stays_so_until_it_asks_for_something_else() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.reject("a/p");
    story.look_after(5 * HOUR);
    story.expect(&[("a/p", State::Rejected)]);
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/17"])));
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn pausing_and_resuming_does_not_lift_a_rejection() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.reject("a/p");
    for up in [false, true] {
        story.alter("a/p", |spec| spec.up = up);
        story.look_after(1);
    }
    story.expect(&[("a/p", State::Rejected)]);
}

#[test]
fn pausing_and_resuming_does_not_lift_an_expiry() {
    let mut story = asked_for_two_seconds();
    story.look_after(2_000);
    for up in [false, true] {
        story.alter("a/p", |spec| spec.up = up);
        story.look_after(1);
    }
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn a_rejection_of_what_was_changed_meanwhile_is_of_the_old_request() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.alter("a/p", |spec| spec.ttl = Some(9));
    story.reject("a/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
}

#[test]
fn a_rejection_dies_with_its_consent() {
    let mut story = Story::of_three();
    for name in ["a/p", "a/r"] {
        story.consent(name, "a/x", "b/x");
        story.look_after(0);
        story.reject(name);
        story.look_after(0);
        story.expect(&[(name, State::Rejected)]);
        story.without(name);
        story.look_after(0);
        story.consent(name, "a/x", "b/x");
        story.look_after(0);
        story.expect(&[(name, State::Pending)]);
        story.without(name);
        story.look_after(0);
    }
}

#[test]
fn a_consent_declared_again_is_a_new_request_with_a_new_uid() {
    let mut story = asked_for_two_seconds();
    let id = crate::lifecycle::universe::named("a/p");
    let before = story.system.facts.consents[&id].uid;
    story.without("a/p");
    story.look_after(1_000);
    story.consent("a/p", "a/x", "b/x");
    story.alter("a/p", |spec| spec.ttl = Some(2));
    story.look_after(500);
    assert_ne!(story.system.facts.consents[&id].uid, before);
    assert_eq!(story.until("a/p"), Some(story.now().host + 2_000));
}

#[test]
fn an_ended_consent_makes_room_for_another_of_the_pair() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.consent("a/q", "a/x", "b/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Pending), ("a/q", State::Failed)]);
    story.reject("a/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Rejected), ("a/q", State::Pending)]);
}

#[test]
fn an_expired_consent_makes_room_at_the_look_that_finds_it_expired() {
    let mut story = asked_for_two_seconds();
    story.consent("a/q", "a/x", "b/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Pending), ("a/q", State::Failed)]);
    story.look_after(1_999);
    story.expect(&[("a/p", State::Expired), ("a/q", State::Pending)]);
}

#[test]
fn a_consent_that_failed_for_its_hops_fails_after_it_was_written_and_read() {
    let text = "{apiVersion: peerd/v1, kind: Peering, metadata: {name: p}, \
                spec: {network: x, peer: {network: y}, hops: 2}}";
    let mut read = parse(text).expect("it is well-formed");
    let (consent, _) = read.consents.remove(0);
    let written = Declaration::Peering(consent.clone()).document().to_string();
    assert_eq!(
        Declaration::read(&written),
        Some(Declaration::Peering(consent))
    );
}
