//! What consents of other systems do otherwise.

use peer_userspace::{
    lifecycle::State,
    model::{Kind, Origin},
};

use crate::lifecycle::{
    model::HOUR,
    story::{Story, nets},
    universe::NETWORKS,
};

/// `a/p` and `b/p` ask each other as Outscale's CreateNetPeering does.
fn both_ask() -> Story {
    let mut story = Story::of_three();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    for name in ["a/p", "b/p"] {
        story.alter(name, |spec| spec.origin = Origin::OutscaleRequest);
    }
    story.look_after(0);
    story
}

#[test]
fn two_requests_that_wait_for_an_answer_are_none_to_each_other() {
    let mut story = both_ask();
    story.expect(&[("a/p", State::Pending), ("b/p", State::Pending)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Pending), ("b/p", State::Pending)]);
}

#[test]
fn either_of_them_becomes_active_by_an_answer() {
    for answer in [Origin::OutscaleAnswer, Origin::Native, Origin::UpCloud] {
        let mut story = both_ask();
        story.reject("b/p");
        story.consent("b/q", "b/x", "a/x");
        story.alter("b/q", |spec| spec.origin = answer.clone());
        story.look_after(0);
        story.look_after(0);
        story.expect(&[
            ("a/p", State::Active),
            ("b/q", State::Active),
            ("b/p", State::Rejected),
        ]);
    }
}

#[test]
fn a_request_that_waits_answers_one_that_does_not() {
    let mut story = Story::of_three();
    story.mutual(["a/p", "b/p"], ["a/x", "b/x"]);
    story.alter("b/p", |spec| spec.origin = Origin::OutscaleRequest);
    story.look_after(0);
    story.expect(&[("a/p", State::Provisioning), ("b/p", State::Provisioning)]);
}

#[test]
fn what_could_not_be_from_the_start_never_will_and_is_listed_for_an_hour() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.look_after(0);
    story.fail("a/p", "their prefixes overlap");
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.expect(&[("a/p", State::Failed), ("b/p", State::Pending)]);
    assert_eq!(story.reason("a/p"), "their prefixes overlap");
    assert_eq!(story.until("a/p"), Some(story.now().host + HOUR));
    let status = story.status("a/p").expect("it is listed");
    assert!(status.is_terminal());
}

#[test]
fn what_its_own_system_has_against_a_consent_fails_it_and_no_other() {
    let mut story = Story::of_two_that_peer();
    story.mutual(["a/q", "c/p"], ["a/x", "c/x"]);
    story.alter("a/q", |spec| {
        spec.objection = Some("no such link".to_owned())
    });
    story.look_after(0);
    story.look_after(0);
    story.expect(&[
        ("a/q", State::Failed),
        ("c/p", State::Failed),
        ("a/p", State::Active),
        ("b/p", State::Active),
    ]);
    assert_eq!(story.reason("a/q"), "no such link");
    assert_eq!(story.reason("c/p"), "the peer's consent has failed");
    story.alter("a/q", |spec| spec.objection = None);
    story.look_after(0);
    story.look_after(0);
    story.expect(&[("a/q", State::Active), ("c/p", State::Active)]);
}

#[test]
fn what_cannot_be_stands_before_no_consent_that_can() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.alter("a/p", |spec| {
        spec.objection = Some("no such link".to_owned())
    });
    story.look_after(1);
    story.mutual(["a/q", "b/p"], ["a/x", "b/x"]);
    story.look_after(0);
    story.look_after(0);
    story.expect(&[
        ("a/p", State::Failed),
        ("a/q", State::Active),
        ("b/p", State::Active),
    ]);
    assert_eq!(story.reason("a/p"), "no such link");
}

#[test]
fn its_place_in_its_document_asks_for_nothing() {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    let place = |story: &mut Story, entry| {
        story.alter("a/p", |spec| {
            let id = "a/p".parse().expect("a name");
            spec.origin = Origin::Document(Kind::Vpc, id, entry);
        });
        story.look_after(0);
    };
    place(&mut story, 0);
    story.reject("a/p");
    story.look_after(0);
    place(&mut story, 1);
    story.expect(&[("a/p", State::Rejected)]);
}

/// `a/p` is one of OEP-8's requests, with two seconds to go.
fn one_of_oep_8s() -> Story {
    let mut story = Story::of_three();
    story.consent("a/p", "a/x", "b/x");
    story.alter("a/p", |spec| {
        let id = "a/p".parse().expect("a name");
        spec.origin = Origin::Document(Kind::NetworkPeeringRequest, id, 0);
        spec.ttl = Some(2);
    });
    story.look_after(0);
    story
}

#[test]
fn its_time_is_set_when_it_is_made_and_no_change_begins_it_anew() {
    let mut story = one_of_oep_8s();
    story.alter("a/p", |spec| spec.export = Some(nets(&["10.1.0.0/17"])));
    story.look_after(1_999);
    story.expect(&[("a/p", State::Pending)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);
}

#[test]
fn its_time_ends_what_has_failed_as_well() {
    let mut story = one_of_oep_8s();
    story.alter_network("a/x", |network| network.ports.clear());
    story.look_after(1_999);
    story.expect(&[("a/p", State::Failed)]);
    assert_eq!(story.until("a/p"), Some(story.now().host + 1));
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);

    let mut story = one_of_oep_8s();
    story.alter_network("b/x", |network| network.prefixes = nets(&["10.1.0.0/16"]));
    story.consent("b/p", "b/x", "a/x");
    story.look_after(1_000);
    story.expect(&[("a/p", State::Conflict), ("b/p", State::Conflict)]);
    story.look_after(1_000);
    story.expect(&[("a/p", State::Expired), ("b/p", State::Pending)]);
}

#[test]
fn its_time_ends_nothing_that_ever_carried_traffic() {
    let mut story = one_of_oep_8s();
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.look_after(0);
    story.expect(&[("a/p", State::Active)]);
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Active)]);
    story.without("b/p");
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Pending)]);
    assert_eq!(story.until("a/p"), None);
}

#[test]
fn its_time_ends_what_was_rejected_and_nothing_ends_it_before() {
    let mut story = one_of_oep_8s();
    story.alter("a/p", |spec| spec.ttl = Some(2 * HOUR / 1000));
    story.look_after(0);
    let deadline = story.until("a/p");
    story.reject("a/p");
    story.look_after(HOUR + 1);
    story.expect(&[("a/p", State::Rejected)]);
    assert_eq!(story.until("a/p"), deadline);
    story.look_after(HOUR - 1);
    story.expect(&[("a/p", State::Expired)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);
    let listed = deadline.map(|deadline| deadline + HOUR);
    assert_eq!(story.until("a/p"), listed);
}

#[test]
fn which_network_its_name_means_may_change_but_not_its_time() {
    let mut story = one_of_oep_8s();
    story.network("a/y", &["10.4.0.0/16"]);
    let own = |story: &mut Story, name: &str| {
        let number = NETWORKS.iter().position(|known| *known == name);
        story.alter("a/p", |spec| spec.own = number.expect("a network"));
    };
    story.look_after(1_000);
    own(&mut story, "a/y");
    story.look_after(999);
    story.expect(&[("a/p", State::Pending)]);
    story.look_after(1);
    story.expect(&[("a/p", State::Expired)]);

    // Nor that it once carried traffic.
    let mut story = one_of_oep_8s();
    story.network("a/y", &["10.4.0.0/16"]);
    story.consent("b/p", "b/x", "a/x");
    story.look_after(0);
    story.look_after(0);
    story.expect(&[("a/p", State::Active)]);
    own(&mut story, "a/y");
    story.look_after(HOUR);
    story.expect(&[("a/p", State::Pending)]);
    assert_eq!(story.until("a/p"), None);
}
