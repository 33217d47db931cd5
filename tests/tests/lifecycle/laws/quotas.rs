//! What exceeds a quota is the newest.

use peer_userspace::lifecycle::State;

use crate::lifecycle::{
    model::Limits,
    story::{Story, nets},
};

const WIDE: Limits = Limits {
    networks: 100,
    prefixes: 100,
    consents: 100,
    imports: 100,
};

/// `a/y` and then `a/x` are declared, each peering with a network of another's.
fn two_networks_of_a(limits: Limits) -> Story {
    let mut story = Story::within(limits);
    story.network("a/y", &["10.1.0.0/16"]);
    story.network("b/x", &["10.2.0.0/16"]);
    story.network("c/x", &["10.3.0.0/16"]);
    story.mutual(["a/q", "b/q"], ["a/y", "b/x"]);
    story.look_after(1);
    story.network("a/x", &["10.4.0.0/16"]);
    story.mutual(["a/p", "c/p"], ["a/x", "c/x"]);
    story.look_after(1);
    story
}

#[test]
fn the_newest_network_beyond_the_quota_counts_as_absent() {
    let story = two_networks_of_a(Limits {
        networks: 1,
        ..WIDE
    });
    story.expect(&[
        ("a/q", State::Active),
        ("b/q", State::Active),
        ("a/p", State::Failed),
        ("c/p", State::Pending),
    ]);
}

#[test]
fn the_newest_networks_prefixes_beyond_the_quota_are_refused_with_it() {
    let mut story = two_networks_of_a(Limits {
        prefixes: 1,
        ..WIDE
    });
    story.expect(&[("a/q", State::Active), ("a/p", State::Failed)]);
    // The older may fail itself by growing, and then the newer has room.
    story.alter_network("a/y", |network| {
        network.prefixes = nets(&["10.1.0.0/17", "10.1.128.0/17"]);
    });
    story.look_after(1);
    story.expect(&[
        ("a/q", State::Failed),
        ("b/q", State::Failed),
        ("a/p", State::Provisioning),
    ]);
}

#[test]
fn the_newest_consent_beyond_the_quota_fails() {
    let mut story = two_networks_of_a(Limits {
        consents: 1,
        ..WIDE
    });
    story.expect(&[
        ("a/q", State::Active),
        ("b/q", State::Active),
        ("a/p", State::Failed),
    ]);
    story.without("a/q");
    story.look_after(1);
    story.expect(&[("a/p", State::Provisioning), ("c/p", State::Provisioning)]);
}

#[test]
fn the_newest_peering_beyond_the_quota_of_imports_fails() {
    let mut story = two_networks_of_a(Limits { imports: 1, ..WIDE });
    story.expect(&[
        ("a/q", State::Active),
        ("a/p", State::Failed),
        ("c/p", State::Failed),
    ]);
    story.alter("c/p", |spec| spec.export = Some(Vec::new()));
    story.look_after(1);
    story.expect(&[("a/q", State::Active), ("a/p", State::Provisioning)]);
}

#[test]
fn both_imports_of_a_peering_inside_one_namespace_count_together() {
    let mut story = Story::within(Limits { imports: 1, ..WIDE });
    story.network("a/x", &["10.1.0.0/16"]);
    story.network("a/y", &["10.2.0.0/16"]);
    story.mutual(["a/p", "a/q"], ["a/x", "a/y"]);
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("a/q", State::Failed)]);
}

#[test]
fn one_owners_quota_is_not_anothers() {
    let mut story = Story::within(Limits {
        networks: 1,
        prefixes: 1,
        consents: 1,
        imports: 1,
    });
    story.network("a/x", &["10.1.0.0/16"]);
    story.network("b/x", &["10.2.0.0/16"]);
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}
