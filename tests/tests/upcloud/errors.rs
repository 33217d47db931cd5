//! Every refusal has UpCloud's form and code.

use anyhow::{Context as _, Result};
use peer_tests::{Ask, Bare, documents::network as document};
use serde_json::{Value, json};

use super::client::{PEERINGS, body, create, network, path, refused, request, uuid};

const NOBODYS: &str = "8c2a2f0e-7d0b-4a39-9d4f-0a3a5f0e1b2c";

#[test]
fn what_the_documentation_says_is_refused_is_refused_so() -> Result<()> {
    let bare = Bare::with_networks("upcloud refusals")?;
    let api = bare.daemon.api();
    let without_port = document("blue-team/portless", "absent", &["10.9.0.0/16"]);
    api.put("POST", "/v1/networks", &without_port)?
        .expect(201)?;
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let portless = network(&api, "blue-team/portless")?;
    let red = network(&api, "red-team/red")?;
    api.call("DELETE", "/v1/networks/red-team/red")?
        .expect(200)?;
    create(&api, "there", &blue, &green)?;
    for (own, peer, status, code, word) in [
        (
            &*portless,
            &*green,
            409,
            "LOCAL_NETWORK_NO_ROUTER",
            "absent",
        ),
        (NOBODYS, &green, 404, "NETWORK_NOT_FOUND", NOBODYS),
        (&red, &green, 404, "NETWORK_NOT_FOUND", &red),
        (&blue, NOBODYS, 404, "PEER_NETWORK_NOT_FOUND", NOBODYS),
        (&blue, &red, 404, "PEER_NETWORK_NOT_FOUND", &red),
        (&blue, &green, 409, "PEERING_CONFLICT", "blue-team/blue"),
        (&blue, &blue, 400, "PEER_NETWORK_INVALID", "itself"),
    ] {
        let answer = api.put("POST", PEERINGS, &body("x", own, peer))?;
        let message = refused(&answer, status, code)?;
        assert!(message.contains(word), "{word}: {message}");
    }
    // A peer without a router is known only once both consent.
    let made = create(&api, "later", &green, &portless)?;
    assert_eq!(made["state"], "pending-peer");
    Ok(())
}

#[test]
fn attributes_that_are_missing_or_wrong_are_named() -> Result<()> {
    let bare = Bare::with_networks("upcloud attributes")?;
    let api = bare.daemon.api();
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let with = |attribute: &str, value: Value| {
        let mut ask = body("x", &blue, &green);
        ask["network_peering"][attribute] = value;
        ask.to_string()
    };
    let without = |attribute: &str| with(attribute, Value::Null);
    let long = |length| "ü".repeat(length);
    let label = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
    let wrong = [
        (String::new(), "INVALID_REQUEST"),
        ("{".to_owned(), "INVALID_REQUEST"),
        ("network_peering: {}".to_owned(), "INVALID_REQUEST"),
        ("[]".to_owned(), "INVALID_REQUEST"),
        ("{}".to_owned(), "INVALID_REQUEST"),
        (r#"{"network_peering": []}"#.to_owned(), "INVALID_REQUEST"),
        (
            r#"{"network_peering": {}, "more": 1}"#.to_owned(),
            "INVALID_REQUEST",
        ),
        (without("name"), "NAME_MISSING"),
        (with("name", json!("")), "NAME_INVALID"),
        (with("name", json!(long(256))), "NAME_INVALID"),
        (with("name", json!("a\nb")), "NAME_INVALID"),
        (with("name", json!(7)), "NAME_INVALID"),
        (
            with("configured_status", json!("up")),
            "CONFIGURED_STATUS_INVALID",
        ),
        (
            with("configured_status", json!(true)),
            "CONFIGURED_STATUS_INVALID",
        ),
        (without("network"), "NETWORK_MISSING"),
        (with("network", json!({})), "NETWORK_INVALID"),
        (with("network", json!(blue)), "NETWORK_INVALID"),
        (
            with("network", json!({ "uuid": "blue" })),
            "NETWORK_INVALID",
        ),
        (without("peer_network"), "PEER_NETWORK_MISSING"),
        (
            with("peer_network", json!({ "uuid": 7 })),
            "PEER_NETWORK_INVALID",
        ),
        (with("labels", json!({})), "LABELS_INVALID"),
        (with("labels", label("k", "v")), "INVALID_LABEL_KEY"),
        (
            with("labels", label("key", &long(256))),
            "INVALID_LABEL_VALUE",
        ),
        (
            with(
                "labels",
                json!([{ "key": "ab", "value": "" }, { "key": "ab", "value": "" }]),
            ),
            "DUPLICATE_LABEL_KEYS",
        ),
        (with("state", json!("active")), "UNKNOWN_ATTRIBUTE"),
    ];
    for (text, code) in wrong {
        let ask = Ask::new("POST", PEERINGS).body("application/json", &text);
        refused(&api.send(&ask)?, 400, code).with_context(|| text)?;
    }
    let fits = with("name", json!(long(255)));
    let ask = Ask::new("POST", PEERINGS).body("application/json", &fits);
    let made = uuid(&api.send(&ask)?.expect(201)?["network_peering"])?;
    for (attribute, value, code) in [
        ("network", json!({ "uuid": blue }), "NETWORK_INVALID"),
        (
            "peer_network",
            json!({ "uuid": green }),
            "PEER_NETWORK_INVALID",
        ),
        ("name", json!(""), "NAME_INVALID"),
        ("configured_status", json!(""), "CONFIGURED_STATUS_INVALID"),
        ("labels", label("k", "v"), "INVALID_LABEL_KEY"),
        ("uuid", json!(made), "UNKNOWN_ATTRIBUTE"),
    ] {
        let mut body = json!({ "network_peering": { "name": "not to be" } });
        body["network_peering"][attribute] = value;
        let answer = api.put("PATCH", &path(&made), &body)?;
        refused(&answer, 400, code).with_context(|| attribute.to_owned())?;
    }
    assert_eq!(super::client::get(&api, &made)?["name"], json!(long(255)));
    Ok(())
}

#[test]
fn paths_methods_and_bodies_that_are_wrong_are_told_in_the_same_form() -> Result<()> {
    let bare = Bare::with_networks("upcloud paths")?;
    let api = bare.daemon.api();
    let there = path(&request(&api, "blue-team/blue", "green-team/green")?);
    let absent = path(NOBODYS);
    let large = format!(
        "{{\"network_peering\": {{\"name\": \"{}\"}}}}",
        "x".repeat(1 << 20)
    );
    let json =
        |method, target: &str, text: &str| Ask::new(method, target).body("application/json", text);
    let plain = |method, target: &str| Ask::new(method, target);
    let (none, method) = ("NOT_FOUND", "METHOD_NOT_ALLOWED");
    for (ask, status, code) in [
        (plain("GET", "/1.3"), 404, none),
        (plain("GET", "/1.3/"), 404, none),
        (plain("GET", "/1.3/server"), 404, none),
        (plain("GET", "/1.3/v1/networks"), 404, none),
        (plain("POST", &format!("{there}/labels")), 404, none),
        (plain("PUT", PEERINGS), 405, method),
        (plain("DELETE", PEERINGS), 405, method),
        (plain("PUT", &there), 405, method),
        (plain("POST", "/1.3/account"), 405, method),
        (plain("GET", &absent), 404, "PEERING_NOT_FOUND"),
        (
            plain("GET", &path("a peering").replace(' ', "%20")),
            404,
            "PEERING_NOT_FOUND",
        ),
        (plain("GET", &path("%ff")), 404, "PEERING_NOT_FOUND"),
        (plain("DELETE", &absent), 404, "PEERING_NOT_FOUND"),
        (
            json("PATCH", &absent, r#"{"network_peering":{}}"#),
            404,
            "PEERING_NOT_FOUND",
        ),
        (json("PATCH", &there, "{"), 400, "INVALID_REQUEST"),
        (json("PATCH", &there, &large), 413, "TOO_LARGE"),
        (
            plain("PATCH", &there).body("text/xml", "<a/>"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
    ] {
        refused(&api.send(&ask)?, status, code).with_context(|| ask.title())?;
    }
    // Other paths are told natively, as before.
    api.call("GET", "/1.2/network-peering")?
        .refused(404, "not-found")
        .map(drop)
}

#[test]
fn what_exceeds_a_quota_is_told_with_the_limit() -> Result<()> {
    let mut bare = Bare::prepare("upcloud quota", 3)?;
    bare.daemon
        .configure("quotas: { namespaces: { blue-team: { peerings: 1 } } }\n")?;
    bare.daemon.start()?;
    bare.declare_networks()?;
    let api = bare.daemon.api();
    request(&api, "blue-team/blue", "green-team/green")?;
    let (blue, red) = (
        network(&api, "blue-team/blue")?,
        network(&api, "red-team/red")?,
    );
    let answer = api.put("POST", PEERINGS, &body("one more", &blue, &red))?;
    let message = refused(&answer, 409, "PEERING_LIMIT_REACHED")?;
    assert!(message.contains("1 peerings"), "{message}");
    assert_eq!(super::client::list(&api, "")?.len(), 1);
    Ok(())
}
