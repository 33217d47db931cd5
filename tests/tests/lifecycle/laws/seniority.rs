//! Who carries traffic goes on, and who stopped has lost its place.

use peer_userspace::lifecycle::State;

use crate::lifecycle::story::{Story, nets};

/// `c/x` holds what `a/x` holds; `b/x` peers with `a/x`, and consents to `c/x` since
/// before that, which has consented too but is down.
fn an_older_request_waits_disabled() -> Story {
    let mut story = Story::of_three();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(1);
    story.alter("c/p", |spec| spec.up = false);
    story.look_after(1);
    story.expect(&[("b/q", State::PeerDisabled)]);
    story
}

#[test]
fn an_active_peering_outlasts_an_older_request_that_is_resumed() {
    let mut story = an_older_request_waits_disabled();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(1);
    story.alter("c/p", |spec| spec.up = true);
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("b/q", State::Conflict)]);
}

#[test]
fn an_active_peering_that_pauses_has_lost_its_place() {
    let mut story = an_older_request_waits_disabled();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(1);
    story.alter("a/p", |spec| spec.up = false);
    story.alter("c/p", |spec| spec.up = true);
    story.look_after(1);
    story.alter("a/p", |spec| spec.up = true);
    story.look_after(1);
    story.expect(&[("a/p", State::Conflict), ("b/q", State::Active)]);
}

#[test]
fn what_is_withdrawn_and_declared_again_has_lost_its_place() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(1);
    story.without("a/p");
    story.look_after(1);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Conflict), ("c/p", State::Active)]);
}

#[test]
fn a_change_of_an_active_consent_keeps_its_place() {
    let mut story = an_older_request_waits_disabled();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(1);
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/17"])));
    story.alter("c/p", |spec| spec.up = true);
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("c/p", State::Conflict)]);
}

#[test]
fn the_first_of_two_consents_for_one_pair_counts_and_the_other_fails() {
    let mut story = Story::of_three();
    story.consent("a/q", "a/x", "b/x");
    story.look_after(1);
    story.consent("a/p", "a/x", "b/x");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1);
    story.expect(&[("a/q", State::Provisioning), ("a/p", State::Failed)]);
}

#[test]
fn the_second_consent_takes_over_when_the_first_is_deleted() {
    let mut story = Story::of_two_that_peer();
    story.consent("a/q", "a/x", "b/x");
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("a/q", State::Failed)]);
    story.without("a/p");
    story.look_after(1);
    story.expect(&[
        ("a/p", State::Deleted),
        ("a/q", State::Active),
        ("b/p", State::Active),
    ]);
}

#[test]
fn a_pair_that_goes_on_by_its_second_consent_keeps_its_place() {
    let mut story = an_older_request_waits_disabled();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(1);
    story.consent("a/q", "a/x", "b/x");
    story.look_after(1);
    story.alter("c/p", |spec| spec.up = true);
    story.without("a/p");
    story.look_after(1);
    story.expect(&[
        ("a/q", State::Active),
        ("b/p", State::Active),
        ("c/p", State::Conflict),
    ]);
}

#[test]
fn who_accepted_beforehand_and_then_consents_keeps_its_place() {
    let mut story = Story::of_three();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.alter_network("b/x", |network| network.auto_accept = vec!["a"]);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(1);
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("c/p", State::Conflict)]);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1);
    story.expect(&[
        ("a/p", State::Active),
        ("b/p", State::Active),
        ("c/p", State::Conflict),
    ]);
}

#[test]
fn who_accepted_beforehand_may_withdraw_its_consent_and_the_pair_goes_on() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("b/x", |network| network.auto_accept = vec!["*"]);
    story.look_after(1);
    story.without("b/p");
    story.look_after(1);
    story.expect(&[("a/p", State::Active), ("b/p", State::Deleted)]);
}
