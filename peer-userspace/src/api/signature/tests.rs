use axum::http::Request;

use super::*;

const KEY: &str = "BLUEKEY0000000000001";
const SECRET: &str = "Blue+Secret/Key=For_Tests_Only_000000001";
const BODY: &str = r#"{"SourceNetId": "vpc-00000001", "AccepterNetId": "vpc-00000002"}"#;

/// A request as one of Outscale's own clients sent it.
#[derive(Clone, Copy)]
struct Recorded {
    path: &'static str,
    host: &'static str,
    date: &'static str,
    signed: &'static str,
    signature: &'static str,
}

/// osc-sdk-python 0.42.0, which signs the host without its port.
const SDK: Recorded = Recorded {
    path: "/api/v1/CreateNetPeering",
    host: "127.0.0.1:51687",
    date: "20261121T181417Z",
    signed: "content-type;host;x-osc-date",
    signature: "f8c76f96731a70ad73f64b0fd83dff72adb9a29426ade1340f1fc994689194fc",
};

/// The same with an address that has colons itself.
const SDK_V6: Recorded = Recorded {
    host: "[::1]:40725",
    date: "20261121T181421Z",
    signature: "ca8c964237cae0ff18c876add7bd3d04a4b991d1979fa63c9c8fb7f72ae64dcf",
    ..SDK
};

/// osc-cli of osc-sdk 1.11.0, which signs the host with its port.
const CLI: Recorded = Recorded {
    path: "/api/latest/CreateNetPeering",
    signed: "host;x-osc-date;x-osc-target",
    signature: "25863fd3998d408df6a9a6b0ed94533d41088747314bf4080951298bd4fd64ea",
    ..SDK
};

const CLI_V6: Recorded = Recorded {
    host: "[::1]:40725",
    date: "20261121T181421Z",
    signature: "6cd3ea8333aa11a03845e4dd6e7f8a5629c1f6ece57d8c518714bfd32e189ddf",
    ..CLI
};

impl Recorded {
    fn credentials(&self) -> String {
        format!(
            "Credential={KEY}/20261121/local-1/api/osc4_request, SignedHeaders={}, \
             Signature={}",
            self.signed, self.signature
        )
    }

    fn head(&self) -> Parts {
        let request = Request::post(self.path)
            .header("Host", self.host)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Osc-Date", self.date)
            .header("x-osc-target", "OutscaleService.CreateNetPeering");
        request.body(()).unwrap().into_parts().0
    }

    fn sent(&self) -> SystemTime {
        parse_date(self.date).unwrap()
    }

    fn verify(&self, secret: &str, body: &str) -> Result<(), SignatureError> {
        verify(&self.head(), &self.credentials(), self.sent(), secret, body)
    }
}

fn set(head: &mut Parts, name: &'static str, value: &str) {
    head.headers.insert(name, value.parse().unwrap());
}

fn verify(
    head: &Parts,
    credentials: &str,
    now: SystemTime,
    secret: &str,
    body: &str,
) -> Result<(), SignatureError> {
    let claim = Claim::read(head, credentials, now)?;
    assert_eq!(claim.access_key, KEY);
    claim.verify(secret, body.as_bytes())
}

#[test]
fn what_outscales_own_clients_signed_is_true() {
    for recorded in [SDK, SDK_V6, CLI, CLI_V6] {
        assert_eq!(
            recorded.verify(SECRET, BODY),
            Ok(()),
            "{}",
            recorded.signature
        );
    }
}

#[test]
fn another_secret_body_path_query_method_host_or_signed_header_is_not_what_was_signed() {
    let mismatch = Err(SignatureError::Mismatch(KEY.to_owned()));
    for recorded in [SDK, CLI] {
        assert_eq!(recorded.verify("another", BODY), mismatch);
        assert_eq!(recorded.verify("", BODY), mismatch);
        assert_eq!(recorded.verify(SECRET, &BODY.replace("02", "03")), mismatch);
        assert_eq!(recorded.verify(SECRET, ""), mismatch);
        let others: [fn(&mut Parts); 6] = [
            |head| head.uri = "/api/v1/DeleteNetPeering".parse().unwrap(),
            |head| head.uri = format!("{}?a=b", head.uri).parse().unwrap(),
            |head| head.method = "PUT".parse().unwrap(),
            |head| set(head, "host", "127.0.0.2:51687"),
            |head| set(head, "x-osc-date", "20261121T181418Z"),
            |head| {
                set(head, "content-type", "text/yaml");
                set(head, "x-osc-target", "OutscaleService.X");
            },
        ];
        for (number, change) in others.iter().enumerate() {
            let mut head = recorded.head();
            change(&mut head);
            let credentials = recorded.credentials();
            let outcome = verify(&head, &credentials, recorded.sent(), SECRET, BODY);
            assert_eq!(outcome, mismatch, "change {number}");
        }
    }
}

#[test]
fn the_clocks_may_be_a_quarter_of_an_hour_apart() {
    let (head, credentials, sent) = (SDK.head(), SDK.credentials(), SDK.sent());
    let second = Duration::from_secs(1);
    for (now, expected) in [
        (sent + TOLERANCE, Ok(())),
        (sent - TOLERANCE, Ok(())),
        (sent + TOLERANCE + second, Err(SignatureError::Clock)),
        (sent - TOLERANCE - second, Err(SignatureError::Clock)),
    ] {
        assert_eq!(verify(&head, &credentials, now, SECRET, BODY), expected);
    }
}

#[test]
fn a_claim_that_cannot_be_true_is_refused_with_its_reason() {
    let read = |recorded: Recorded, credentials: &str| {
        let head = recorded.head();
        Claim::read(&head, credentials, SDK.sent())
            .map(drop)
            .unwrap_err()
    };
    let good = SDK.credentials();
    for (from, to) in [
        ("Credential=", "Credentials="),
        ("/osc4_request", "/aws4_request"),
        ("/api/", "/"),
        ("/api/", "/a/pi/"),
        ("94fc", "94f"),
        ("94fc", "94fg"),
        ("94fc", "94fc00"),
        ("94fc", "94fc, More=a"),
        (", Signature=", ", "),
    ] {
        let bad = good.replace(from, to);
        assert_eq!(read(SDK, &bad), SignatureError::Malformed, "{bad}");
    }
    assert_eq!(read(SDK, ""), SignatureError::Malformed);
    let unsigned = |name| read(SDK, &good.replace(name, "accept"));
    assert_eq!(unsigned("host"), SignatureError::Uncovered("host"));
    assert_eq!(unsigned(DATE), SignatureError::Uncovered(DATE));
    let another_day = good.replace("/20261121/", "/20261120/");
    assert_eq!(read(SDK, &another_day), SignatureError::Date);
    for date in [
        "20261121T181417",
        "2026-11-21T18:14:17Z",
        "20261121T996199Z",
    ] {
        let wrong = read(Recorded { date, ..SDK }, &good);
        assert_eq!(wrong, SignatureError::Date, "{date}");
    }
}

#[test]
fn a_signed_header_is_there_once() {
    for name in ["host", "content-type", "x-osc-date"] {
        let wrong = Err(SignatureError::Header(name.to_owned()));
        let mut head = SDK.head();
        let again = head.headers[name].clone();
        head.headers.append(name, again);
        assert_eq!(
            verify(&head, &SDK.credentials(), SDK.sent(), SECRET, BODY),
            wrong
        );
        head.headers.remove(name);
        assert_eq!(
            verify(&head, &SDK.credentials(), SDK.sent(), SECRET, BODY),
            wrong
        );
    }
}
