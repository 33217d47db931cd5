//! Commands against a server that plays peerd.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{Query, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clap::{Args, Command};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Accept, Apply, Client, Diff, Exit, Failure, Wait,
    list::list,
    names::Namespace,
    resolve::{self, Role},
    server::Server,
    url::Url,
};

type Parameters = Query<std::collections::BTreeMap<String, String>>;

/// A client of a server that is nothing but `router`.
async fn client(router: Router) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async { axum::serve(listener, router).await });
    at(port)
}

fn at(port: u16) -> Client {
    Client::of(Server::Tcp {
        host: "127.0.0.1".to_owned(),
        port,
        bearer: "Bearer token".parse().unwrap(),
    })
}

/// A command's arguments, as its line has them.
fn arguments<A: Args>(line: &[&str]) -> A {
    let command = A::augment_args(Command::new("x").no_binary_name(true));
    A::from_arg_matches(&command.get_matches_from(line)).unwrap()
}

fn problem(status: StatusCode, code: &str, errors: Value) -> Response {
    let body = json!({
        "type": format!("urn:peerd:{code}"), "title": code, "status": status.as_u16(),
        "detail": "a sentence", "errors": errors,
    });
    let headers = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, headers, body.to_string()).into_response()
}

fn consent(name: &str, state: &str) -> Value {
    json!({
        "metadata": { "namespace": "a", "name": name, "uid": format!("uid-of-{name}") },
        "status": { "state": state, "reason": "why", "peering": "a/x--b/y", "incoming": false },
    })
}

#[tokio::test]
async fn every_page_of_a_list_is_read() {
    let pages = |Query(query): Parameters| async move {
        assert_eq!(query["state"], "active");
        Json(match query.get("after").map(String::as_str) {
            None => json!({ "kind": "List", "items": [1], "next": "a/1 &" }),
            Some("a/1 &") => json!({ "items": [2, 3], "next": "a/3" }),
            Some(_) => json!({ "items": [4], "next": null }),
        })
    };
    let client = client(Router::new().route("/v1/peerings", get(pages))).await;
    let url = Url::of(&["peerings"]).with("state", "active");
    let all = list(&client, url).await.unwrap();
    assert_eq!(all, json!({ "kind": "List", "items": [1, 2, 3, 4] }));
}

#[tokio::test]
async fn a_list_without_end_is_not_read_for_ever() {
    let same = || async { Json(json!({ "items": [1], "next": "a/1" })) };
    let client = client(Router::new().route("/v1/peerings", get(same))).await;
    let refused = list(&client, Url::of(&["peerings"])).await;
    assert!(matches!(refused, Err(Failure::Foreign { .. })));
}

#[tokio::test]
async fn the_token_is_sent() {
    let echo = |headers: HeaderMap| async move {
        Json(json!(headers[header::AUTHORIZATION].to_str().unwrap()))
    };
    let client = client(Router::new().route("/v1/x", get(echo))).await;
    assert_eq!(client.get(&Url::of(&["x"])).await.unwrap(), "Bearer token");
}

#[tokio::test]
async fn a_refusal_is_told_from_a_stranger_and_from_silence() {
    let router = Router::new()
        .route(
            "/v1/refused",
            get(async || problem(StatusCode::FORBIDDEN, "forbidden", json!(null))),
        )
        .route("/v1/html", get(async || "<html>"));
    let client = client(router).await;
    let failure = client.get(&Url::of(&["refused"])).await.unwrap_err();
    assert_eq!(
        (failure.exit(), failure.to_string()),
        (Exit::Failed, "a sentence".to_owned())
    );
    for path in ["html", "not-there"] {
        let failure = client.get(&Url::of(&[path])).await.unwrap_err();
        assert!(
            matches!(failure, Failure::Foreign { .. }),
            "{path}: {failure}"
        );
        assert_eq!(failure.exit(), Exit::Unavailable);
    }

    // Speaks first, and no HTTP, as mail servers do.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = at(listener.local_addr().unwrap().port());
    let greeting = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example\r\n").unwrap();
    });
    let url = Url::of(&["x"]);
    let failure = client.get(&url).await.unwrap_err();
    assert_eq!(failure.exit(), Exit::Unavailable, "{failure}");
    greeting.join().unwrap();
    // And now nobody is there.
    let failure = client.get(&url).await.unwrap_err();
    assert!(matches!(failure, Failure::Unavailable { .. }), "{failure}");
}

#[tokio::test]
async fn a_server_that_ignores_the_filter_does_not_choose_the_consent() {
    let mut other = consent("other", "active");
    other["status"]["peering"] = json!("a/x--c/z");
    let both = json!({ "items": [other, consent("meant", "active")] });
    let everything = move || std::future::ready(Json(both.clone()));
    let client = client(Router::new().route("/v1/peerings", get(everything))).await;
    let named = async |peering: &str| {
        let (peering, namespace) = (peering.parse().unwrap(), Namespace::default());
        resolve::consent(&client, &peering, &namespace, Role::Own).await
    };
    assert_eq!(named("b/y--a/x").await.unwrap().to_string(), "a/meant");
    assert!(named("a/x--d/y").await.is_err());
    assert!(named("0b8ba0d7-6f3c-4f0e-9d52-0d8a4f6c1b11").await.is_err());
    // A name needs no question.
    assert_eq!(named("c/d").await.unwrap().to_string(), "c/d");
}

#[tokio::test]
async fn accept_sends_what_is_given() {
    let accept = |request: Request| async move {
        let body = axum::body::to_bytes(request.into_body(), 1000)
            .await
            .unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({
            "name": "to-blue", "export": [], "allow": [{ "protocol": "icmp" }], "allowOut": [],
        });
        assert_eq!(body, expected);
        (StatusCode::CREATED, Json(consent("to-blue", "active")))
    };
    let client = client(Router::new().route("/v1/peerings/b/to-a/accept", post(accept))).await;
    let line = [
        "b/to-a",
        "--name",
        "to-blue",
        "--export",
        "none",
        "--allow",
        "icmp",
        "--allow-out",
        "none",
    ];
    let done = arguments::<Accept>(&line).run(&client).await;
    assert_eq!(done.unwrap(), Exit::Done);
}

/// A file that is gone with the test.
struct File(PathBuf);

impl File {
    fn of(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("peerctl-{}-{name}", std::process::id()));
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn errors_of_a_stream_are_told_by_file() {
    let refuse = || async {
        let errors = json!(["2:1: first wrong", "5:7: second wrong", "nowhere"]);
        problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-document", errors)
    };
    let client = client(Router::new().route("/v1/apply", post(refuse))).await;
    let (one, two) = (File::of("one", "a\nb\n"), File::of("two", "c\nd"));
    let apply: Apply = arguments(&["-f", one.path(), "-f", two.path()]);
    let Err(Failure::Refused { errors, .. }) = apply.run(&client).await else {
        panic!("not refused");
    };
    let (one, two) = (one.path(), two.path());
    assert_eq!(
        errors,
        [
            format!("{one}:2:1: first wrong"),
            format!("{two}:2:7: second wrong"),
            "nowhere".to_owned()
        ]
    );
}

#[tokio::test]
async fn diff_changes_nothing_and_says_whether_anything_would() {
    let answer = |Query(query): Parameters, headers: HeaderMap| async move {
        assert_eq!(query["dryRun"], "true");
        assert_eq!(headers[header::CONTENT_TYPE], "application/yaml");
        let action = match query.get("prune") {
            Some(_) => "delete",
            None => "unchanged",
        };
        Json(json!({
            "changes": [{ "action": action, "kind": "Network", "namespace": "a", "name": "b" }],
            "routes": { "added": 0, "removed": 0, "changed": 0 },
        }))
    };
    let client = client(Router::new().route("/v1/apply", post(answer))).await;
    let file = File::of("diff", "a");
    let diff = async |line: &[&str]| arguments::<Diff>(line).run(&client).await.unwrap();
    assert_eq!(diff(&["-f", file.path()]).await, Exit::Done);
    assert_eq!(diff(&["-f", file.path(), "--prune"]).await, Exit::Differs);
}

/// A server with the consent a/x in state pending, whose watch has these lines:
/// each a list of events, after which it ends, or waits if it is the last.
async fn watched(lines: Vec<Vec<(&'static str, Value)>>) -> Client {
    let line = Arc::new(AtomicUsize::new(0));
    let watch = move |Query(query): Parameters| {
        let events = lines.get(line.fetch_add(1, Ordering::SeqCst)).cloned();
        async move {
            assert_eq!(query["uid"], "uid-of-x");
            let last = events.is_none();
            let text: String = events
                .unwrap_or_default()
                .iter()
                .map(|(event, object)| format!("event: {event}\ndata: {object}\n\n: alive\n\n"))
                .collect();
            let text = stream::iter([Ok::<_, std::convert::Infallible>(text)]);
            let end = stream::poll_fn(move |_| match last {
                true => std::task::Poll::Pending,
                false => std::task::Poll::Ready(None),
            });
            let body = axum::body::Body::from_stream(stream::StreamExt::chain(text, end));
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
    };
    let router = Router::new()
        .route(
            "/v1/peerings/a/x",
            get(async || Json(consent("x", "pending"))),
        )
        .route("/v1/watch", get(watch));
    client(router).await
}

async fn waited(client: &Client, states: &str, timeout: &str) -> Result<Exit, String> {
    let wait: Wait = arguments(&["a/x", "--for", states, "--timeout", timeout]);
    wait.run(client).await.map_err(|failure| {
        assert_eq!(failure.exit(), Exit::Failed);
        failure.to_string()
    })
}

#[tokio::test]
async fn waiting_ends_when_the_state_is_reached_over_lines_that_end() {
    let lines = vec![
        vec![("added", consent("x", "pending")), ("synced", json!({}))],
        vec![("added", consent("x", "active")), ("synced", json!({}))],
    ];
    let client = watched(lines).await;
    assert_eq!(waited(&client, "pending", "0s").await, Ok(Exit::Done));
    assert_eq!(waited(&client, "active", "20s").await, Ok(Exit::Done));
}

#[tokio::test]
async fn waiting_ends_when_it_is_in_vain() {
    let rejected = vec![("added", consent("x", "rejected"))];
    let client = watched(vec![rejected]).await;
    let never = waited(&client, "active,failed", "20s").await;
    assert_eq!(
        never.unwrap_err(),
        "never active or failed; a/x: rejected (why)"
    );

    let gone = || vec![vec![("synced", json!({}))]];
    let never = waited(&watched(gone()).await, "active", "20s").await;
    assert_eq!(
        never.unwrap_err(),
        "never active; a/x: deleted (it is gone)"
    );
    assert_eq!(
        waited(&watched(gone()).await, "deleted", "20s").await,
        Ok(Exit::Done)
    );
}

#[tokio::test]
async fn waiting_ends_in_time() {
    let client = watched(vec![]).await;
    let late = waited(&client, "active", "100ms").await;
    assert_eq!(
        late.unwrap_err(),
        "not active within 100ms; a/x: pending (why)"
    );
}
