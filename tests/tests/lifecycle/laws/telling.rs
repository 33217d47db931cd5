//! What a reason tells, and whom.

use peer_userspace::lifecycle::State;

use crate::lifecycle::story::{Story, nets};

#[test]
fn a_request_to_nobody_reads_as_one_that_is_not_answered() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.consent("a/q", "a/x", "d/ghost");
    story.look_after(0);
    let reason = story.reason("a/p");
    assert_eq!(reason.replace("b/x", "d/ghost"), story.reason("a/q"));
}

#[test]
fn a_request_by_id_is_not_told_whose_the_id_is_before_it_is_answered() {
    let mut story = Story::of_three();
    story.look_after(0);
    story.consent_by_id("a/p", "a/x", "b/x");
    story.look_after(0);
    let reason = story.reason("a/p");
    assert!(!reason.contains("b/x"), "{reason}");
}

#[test]
fn differing_zones_are_named_once_both_consent() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("b/x", |network| network.zone = 1);
    story.look_after(0);
    for name in ["a/p", "b/p"] {
        let reason = story.reason(name);
        assert!(
            reason.contains("zone-east") && reason.contains("zone-west"),
            "{reason}"
        );
    }
}

#[test]
fn the_prefixes_that_overlap_are_named_to_who_may_know_them() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.7.0/24"]));
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(0);
    story.expect(&[("b/q", State::Conflict), ("c/p", State::Conflict)]);
    let receivers = story.reason("b/q");
    assert!(
        receivers.contains("10.1.7.0/24") && receivers.contains("10.1.0.0/16"),
        "{receivers}"
    );
    let givers = story.reason("c/p");
    assert!(givers.contains("10.1.7.0/24"), "{givers}");
    assert!(
        !givers.contains("a/x") && !givers.contains("10.1.0.0/16"),
        "{givers}"
    );
}
