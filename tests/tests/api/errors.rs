//! Whatever is wrong is told as a problem, with a code.

use anyhow::{Context as _, Result};
use peer_tests::{Ask, Bare};

#[test]
fn paths_methods_queries_and_media_types_that_are_wrong_are_told() -> Result<()> {
    let bare = Bare::with_networks("wrong requests")?;
    let api = bare.daemon.api();
    let get = |target: &str| Ask::new("GET", target);
    let post = |target: &str| Ask::new("POST", target);
    let patch = Ask::new("PATCH", "/v1/networks/blue-team/blue");
    let (none, way, parameter) = ("not-found", "method-not-allowed", "invalid-parameter");
    let kind = "unsupported-media-type";
    let cases = [
        (get("/"), 404, none),
        (get("/v1"), 404, none),
        (get("/v1/nothing"), 404, none),
        (get("/v2/networks"), 404, none),
        (get("/v1/networks/blue-team"), 404, none),
        (get("/v1/networks/blue-team/blue/more"), 404, none),
        (post("/v1/networks/blue-team/blue/enable"), 404, none),
        (get("/v1/peerings/blue-team/absent"), 404, none),
        (Ask::new("DELETE", "/v1/networks"), 405, way),
        (Ask::new("PUT", "/v1/apply"), 405, way),
        (get("/v1/apply"), 405, way),
        (get("/v1/peerings/blue-team/ask/accept"), 405, way),
        (post("/v1/status"), 405, way),
        (Ask::new("NONSENSE", "/v1/networks"), 405, way),
        (get("/v1/networks/Blue/blue"), 400, parameter),
        (get("/v1/networks/blue-team/-"), 400, parameter),
        (get("/v1/networks/blue-team/%ff"), 400, parameter),
        (get("/v1/networks/blue-team/a%2Fb"), 400, parameter),
        (get("/v1/networks?limit=0"), 400, parameter),
        (get("/v1/networks?limit=10001"), 400, parameter),
        (get("/v1/networks?limit=many"), 400, parameter),
        (get("/v1/networks?limit=-1"), 400, parameter),
        (get("/v1/networks?after=a/b/c"), 400, parameter),
        (get("/v1/peerings?incoming=perhaps"), 400, parameter),
        (get("/v1/peerings?limit=1&limit=2"), 400, parameter),
        (get("/v1/watch?kind=routes"), 400, parameter),
        (get("/v1/watch?timeout=0"), 400, parameter),
        (get("/v1/watch?timeout=3601"), 400, parameter),
        (get("/v1/watch?timeout=soon"), 400, parameter),
        (post("/v1/apply?confirmTimeout=0").yaml(""), 400, parameter),
        (
            post("/v1/apply?confirmTimeout=86401").yaml(""),
            400,
            parameter,
        ),
        (post("/v1/apply?prune=maybe").yaml(""), 400, parameter),
        (post("/v1/networks?dryRun=perhaps").yaml(""), 400, parameter),
        (
            Ask::new("DELETE", "/v1/networks/blue-team/blue?dryRun=1"),
            400,
            parameter,
        ),
        (post("/v1/networks").body("text/plain", "{}"), 415, kind),
        (post("/v1/apply").body("application/xml", "<a/>"), 415, kind),
        (
            patch.clone().body("application/json-patch+json", "[]"),
            415,
            kind,
        ),
        (
            patch.clone().body("application/json", "{"),
            422,
            "invalid-document",
        ),
        (
            patch.clone().body("application/json", "7"),
            422,
            "invalid-document",
        ),
        (
            patch.body("application/json", r#"{"spec": {"nonsense": 1}}"#),
            422,
            "invalid-document",
        ),
        (
            post("/v1/networks").body("application/json", ""),
            422,
            "invalid-document",
        ),
        (
            post("/v1/networks").body("application/json", "null"),
            422,
            "invalid-document",
        ),
        (
            post("/v1/networks").body("application/json", "[1, 2]"),
            422,
            "invalid-document",
        ),
    ];
    let count = cases.len();
    let mut wrong = Vec::new();
    for (ask, status, code) in cases {
        let answer = api.send(&ask)?;
        match answer.refused(status, code) {
            Ok(detail) if !detail.is_empty() && !detail.contains('\n') => {}
            outcome => wrong.push(format!("{}: {outcome:?}", ask.title())),
        }
    }
    eprintln!("{count} wrong requests, {} told otherwise", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_error_of_a_document_is_told_at_its_place() -> Result<()> {
    let bare = Bare::start("positions", 1)?;
    let api = bare.daemon.api();
    let wrong = "apiVersion: peerd/v1\n\
                 kind: Network\n\
                 metadata: { namespace: blue-team, name: Blue }\n\
                 spec:\n\
                 \x20 prefixes: [10.1.0.1/16]\n\
                 \x20 colour: blue\n\
                 \x20 ports: [{ interface: p1, mode: fast }]\n";
    for target in ["/v1/networks", "/v1/apply"] {
        let answer = api.send(&Ask::new("POST", target).yaml(wrong))?;
        answer.refused(422, "invalid-document")?;
        let problem = answer.json()?;
        let errors = problem["errors"].as_array().context("no errors")?;
        let at = |line: &str, word: &str| {
            let mut texts = errors.iter().filter_map(|error| error.as_str());
            texts.any(|text| text.starts_with(line) && text.contains(word))
        };
        for (line, word) in [
            ("3:", "Blue"),
            ("5:", "10.1.0.0/16"),
            ("6:", "colour"),
            ("7:", "fast"),
        ] {
            assert!(at(line, word), "{line} {word}: {errors:?}");
        }
    }
    let broken = "kind: Network\nspec: [1, 2\nmetadata: {";
    let answer = api.send(&Ask::new("POST", "/v1/networks").yaml(broken))?;
    answer.refused(422, "invalid-document")?;
    let problem = answer.json()?;
    assert!(
        problem["errors"][0]
            .as_str()
            .is_some_and(|text| text.starts_with("3:") || text.starts_with("2:")),
        "{problem}"
    );
    // One document of the right kind.
    let peering = "apiVersion: peerd/v1\nkind: Peering\nmetadata: { name: a }\n\
                   spec: { network: b, peer: { network: c } }\n";
    api.send(&Ask::new("POST", "/v1/networks").yaml(peering))?
        .refused(422, "invalid-document")?;
    let twice = format!("{peering}---\n{}", peering.replace("name: a", "name: b"));
    api.send(&Ask::new("POST", "/v1/peerings").yaml(&twice))?
        .refused(422, "invalid-document")?;
    Ok(())
}

#[test]
fn a_body_that_is_no_text_is_told() -> Result<()> {
    let bare = Bare::start("no text", 0)?;
    let api = bare.daemon.api();
    let mut line = api.connect()?;
    line.write_all(
        b"POST /v1/networks HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n\
          Content-Type: application/yaml\r\nContent-Length: 3\r\n\r\n\xff\xfe\x00",
    )?;
    peer_tests::Answer::read(line)?.refused(422, "invalid-document")?;
    for body in [
        "\u{0}",
        "a: \u{1}",
        "\u{feff}",
        "%YAML 9.9\n---\na",
        "\t- a",
        "&a [*a]",
    ] {
        let answer = api.send(&Ask::new("POST", "/v1/networks").yaml(body))?;
        answer
            .refused(422, "invalid-document")
            .with_context(|| format!("{body:?}"))?;
    }
    Ok(())
}
