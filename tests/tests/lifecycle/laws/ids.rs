//! Peers named by their id.

use peer_userspace::lifecycle::State;

use crate::lifecycle::{
    model::HOUR,
    story::{Story, nets},
};

#[test]
fn a_peer_may_be_named_by_its_id() {
    let mut story = Story::of_three();
    story.look_after(0);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn an_id_names_no_network_made_later_under_the_same_name() {
    let mut story = Story::of_three();
    story.network("b/y", &["10.4.0.0/16"]);
    story.look_after(0);
    story.consent_by_id("a/p", "a/x", "b/y");
    story.consent_by_id("c/p", "c/x", "b/y");
    story.consent("b/p", "b/y", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("c/p", State::Pending)]);
    story.renew("b/y");
    story.look_after(0);
    story.expect(&[
        ("a/p", State::Failed),
        ("c/p", State::Pending),
        ("b/p", State::Pending),
    ]);
}

#[test]
fn a_network_that_its_file_lost_and_found_within_the_hour_has_its_id_still() {
    for (absence, expected) in [(HOUR - 1, State::Provisioning), (HOUR, State::Failed)] {
        let mut story = Story::of_three();
        story.look_after(1);
        story.consent_by_id("a/p", "a/x", "b/x");
        story.consent("b/p", "b/x", "a/x");
        story.look_after(1);
        story.without_network("b/x");
        story.look_after(1);
        story.look_after(absence);
        story.network("b/x", &["10.2.0.0/16"]);
        story.look_after(0);
        story.expect(&[("a/p", expected)]);
    }
}

#[test]
fn a_name_names_the_network_made_later_too() {
    let mut story = Story::of_three();
    story.network("b/y", &["10.4.0.0/16"]);
    story.mutual(["a/p", "b/p"], ["a/x", "b/y"]);
    story.look_after(0);
    story.renew("b/y");
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
}

#[test]
fn a_deleted_network_named_by_id_fails_who_was_matched_and_leaves_others_pending() {
    let mut story = Story::of_three();
    story.look_after(0);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.consent_by_id("c/p", "c/x", "b/x");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.without_network("b/x");
    story.without("b/p");
    for wait in [0, 2 * HOUR, 0] {
        story.look_after(wait);
        story.expect(&[("a/p", State::Failed), ("c/p", State::Pending)]);
    }
}

#[test]
fn a_request_for_an_id_nobody_has_expires_like_any_other() {
    let mut story = Story::of_three();
    story.consent_to_nobody("a/p", "a/x");
    story.alter("a/p", |spec| spec.ttl = Some(1));
    story.look_after(0);
    story.expect(&[("a/p", State::Pending)]);
    story.look_after(1_000);
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn a_request_for_an_id_nobody_has_fails_for_what_is_wrong_with_it_itself() {
    let mut story = Story::of_three();
    story.consent_to_nobody("a/p", "a/x");
    story.alter_network("a/x", |network| network.ports.clear());
    story.look_after(0);
    story.expect(&[("a/p", State::Failed)]);
}

#[test]
fn a_rejection_outlasts_the_network_that_was_named_by_id() {
    let mut story = Story::of_three();
    story.look_after(0);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.look_after(0);
    story.reject("a/p");
    story.look_after(0);
    story.expect(&[("a/p", State::Rejected)]);
    story.without_network("b/x");
    story.look_after(0);
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Rejected)]);
}

#[test]
fn a_pair_named_by_id_keeps_its_place_as_one_named_by_name_does() {
    let mut story = Story::of_three();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(1);
    story.alter("c/p", |spec| spec.up = false);
    story.look_after(1);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1);
    story.alter("c/p", |spec| spec.up = true);
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("c/p", State::Conflict)]);
}
