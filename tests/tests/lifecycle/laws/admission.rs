//! Overlap, judged at the receiver.

use peer_userspace::lifecycle::State;

use crate::lifecycle::story::{Story, nets};

/// `a/x` and `c/x` hold the same prefix; `b/x` peers with `a/x`, and later with `c/x`.
fn two_that_overlap_at_a_third() -> Story {
    let mut story = Story::of_two_that_peer();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.mutual(["b/q", "c/p"], ["b/x", "c/x"]);
    story.look_after(10);
    story.look_after(10);
    story.expect(&[
        ("a/p", State::Active),
        ("b/p", State::Active),
        ("b/q", State::Conflict),
        ("c/p", State::Conflict),
    ]);
    story
}

#[test]
fn the_newer_of_two_that_overlap_waits_until_the_older_goes() {
    let mut story = two_that_overlap_at_a_third();
    story.without("a/p");
    story.look_after(0);
    story.expect(&[("b/p", State::Pending), ("b/q", State::Provisioning)]);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Conflict), ("b/q", State::Active)]);
}

#[test]
fn networks_that_do_not_peer_may_overlap() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
}

#[test]
fn a_conflict_ends_when_the_newer_exports_less() {
    let mut story = two_that_overlap_at_a_third();
    story.alter("c/p", |spec| spec.export = Some(Vec::new()));
    story.look_after(0);
    story.expect(&[("c/p", State::Provisioning), ("a/p", State::Active)]);
}

#[test]
fn a_conflict_ends_when_the_older_exports_less() {
    let mut story = two_that_overlap_at_a_third();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.128.0/17"]));
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/17"])));
    story.look_after(0);
    story.expect(&[("c/p", State::Provisioning), ("a/p", State::Active)]);
}

#[test]
fn what_overlaps_the_receivers_own_prefixes_is_a_conflict() {
    let mut story = Story::of_two_that_peer();
    story.alter_network("a/x", |network| {
        network.prefixes = nets(&["10.1.0.0/16", "10.2.7.0/24"]);
    });
    story.look_after(0);
    story.expect(&[("a/p", State::Conflict), ("b/p", State::Conflict)]);
    story.alter("b/p", |spec| spec.export = Some(nets(&["10.2.128.0/17"])));
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/16"])));
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn nested_exports_of_one_network_do_not_overlap_each_other() {
    let mut story = Story::of_two_that_peer();
    let nested = nets(&["10.1.0.0/16", "10.1.0.0/17", "10.1.7.0/24", "10.1.0.0/17"]);
    story.alter("a/p", |spec| spec.export = Some(nested));
    story.look_after(0);
    story.expect(&[("a/p", State::Active), ("b/p", State::Active)]);
    let (label, pair) = story
        .system
        .plan
        .states
        .pairs
        .iter()
        .next()
        .expect("the pair");
    assert_eq!(
        pair.exports_of(label, label.networks().0),
        nets(&["10.1.0.0/16"])
    );
}

#[test]
fn an_export_outside_the_own_prefixes_gives_nothing() {
    let mut story = Story::of_two_that_peer();
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.3.0.0/16"])));
    story.look_after(0);
    let (label, pair) = story
        .system
        .plan
        .states
        .pairs
        .iter()
        .next()
        .expect("the pair");
    assert!(pair.exports_of(label, label.networks().0).is_empty());
}

#[test]
fn of_three_that_overlap_at_one_only_the_first_carries() {
    let mut story = Story::of_three();
    story.network("a/y", &["10.1.0.0/17"]);
    story.network("b/y", &["10.1.7.0/24"]);
    story.mutual(["a/p", "c/p"], ["a/y", "c/x"]);
    story.look_after(1);
    story.mutual(["a/q", "c/q"], ["a/x", "c/x"]);
    story.look_after(1);
    story.mutual(["b/q", "c/r"], ["b/y", "c/x"]);
    story.look_after(1);
    let conflict = State::Conflict;
    story.expect(&[("a/p", State::Active), ("a/q", conflict), ("b/q", conflict)]);
    // All three overlap: the second comes next, and the third still waits.
    story.without("a/p");
    story.look_after(1);
    story.expect(&[("a/q", State::Provisioning), ("b/q", conflict)]);
}

#[test]
fn a_pair_is_as_old_as_the_later_of_its_requests() {
    let mut story = Story::of_three();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    // The first and the last request are one pair's, those between the other's.
    story.consent("b/q", "b/x", "c/x");
    story.look_after(1);
    story.consent("a/p", "a/x", "b/x");
    story.look_after(1);
    story.consent("b/p", "b/x", "a/x");
    story.alter("b/p", |spec| spec.up = false);
    story.look_after(1);
    story.consent("c/p", "c/x", "b/x");
    story.alter("c/p", |spec| spec.up = false);
    story.look_after(1);
    story.expect(&[("a/p", State::PeerDisabled), ("b/q", State::PeerDisabled)]);
    story.alter("b/p", |spec| spec.up = true);
    story.alter("c/p", |spec| spec.up = true);
    story.look_after(1);
    story.expect(&[("a/p", State::Provisioning), ("b/q", State::Conflict)]);
}

#[test]
fn requests_of_one_moment_are_ordered_by_their_labels() {
    let mut story = Story::of_three();
    story.alter_network("c/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.mutual(["b/p", "c/p"], ["b/x", "c/x"]);
    story.mutual(["a/q", "b/q"], ["a/x", "b/x"]);
    story.look_after(0);
    story.expect(&[("a/q", State::Provisioning), ("c/p", State::Conflict)]);
}
