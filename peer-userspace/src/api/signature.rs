//! Outscale's signatures of requests, `OSC4-HMAC-SHA256`: what one claims, and whether it
//! is true.
//!
//! Pure: the clock is an argument, and so are the secret and the body. Must not know who
//! has which key, nor what a caller may do.

use std::time::{Duration, SystemTime};

use axum::http::{header::HOST, request::Parts, uri::Authority};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::InvalidLength};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// What `Authorization` begins with.
pub(super) const SCHEME: &str = "OSC4-HMAC-SHA256";

/// What a credential ends with.
const TERMINATOR: &str = "osc4_request";

/// The header that says when the request was signed.
const DATE: &str = "x-osc-date";

/// How far off the signer's clock may be. Whoever overhears a request can send it again
/// for as long.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// Why a signature is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SignatureError {
    #[error(
        "Authorization is not `{SCHEME} Credential=KEY/YYYYMMDD/REGION/SERVICE/{TERMINATOR}, \
         SignedHeaders=NAME;NAME, Signature=64 hexadecimal digits`"
    )]
    Malformed,
    #[error("the signature does not cover the header {0}; sign it as well")]
    Uncovered(&'static str),
    #[error("the signature covers the header {0}, which is not there exactly once and in ASCII")]
    Header(String),
    #[error("{DATE} is no time like 20260131T235900Z on the day that the credential names")]
    Date,
    #[error("{DATE} is more than 15 minutes off the clock of this router; set the clocks")]
    Clock,
    #[error("the signature is not that of this request with the secret key of {0}")]
    Mismatch(String),
}

/// Whose signature a request claims to bear.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    head: &'a Parts,
    /// The key it was made with.
    pub(super) access_key: &'a str,
    /// Day, region and service, which go into the key one by one.
    scope: [&'a str; 3],
    date: &'a str,
    signed_headers: &'a str,
    signature: [u8; 32],
}

impl<'a> Claim<'a> {
    /// Read the claim of a request at `now`. `credentials` are what follows the scheme.
    ///
    /// # Errors
    /// If it cannot be true, whatever the key and the body.
    pub(super) fn read(
        head: &'a Parts,
        credentials: &'a str,
        now: SystemTime,
    ) -> Result<Self, SignatureError> {
        let mut claim = Self::parse(head, credentials).ok_or(SignatureError::Malformed)?;
        for name in [HOST.as_str(), DATE] {
            if !claim.signed_headers.split(';').any(|signed| signed == name) {
                return Err(SignatureError::Uncovered(name));
            }
        }
        claim.date = claim.header(DATE)?;
        let date = parse_date(claim.date).ok_or(SignatureError::Date)?;
        if !claim.date.starts_with(&format!("{}T", claim.scope[0])) {
            return Err(SignatureError::Date);
        }
        let apart = now.duration_since(date);
        if apart.unwrap_or_else(|early| early.duration()) > TOLERANCE {
            return Err(SignatureError::Clock);
        }
        Ok(claim)
    }

    fn parse(head: &'a Parts, credentials: &'a str) -> Option<Self> {
        let mut fields = credentials.split(',').map(str::trim);
        let credential = fields.next()?.strip_prefix("Credential=")?;
        let signed_headers = fields.next()?.strip_prefix("SignedHeaders=")?;
        let digits = fields.next()?.strip_prefix("Signature=")?;
        let mut parts = credential.split('/');
        let access_key = parts.next()?;
        let scope = [parts.next()?, parts.next()?, parts.next()?];
        if parts.next() != Some(TERMINATOR) || parts.next().is_some() || fields.next().is_some() {
            return None;
        }
        let mut signature = [0; 32];
        let read = base16ct::mixed::decode(digits, &mut signature).ok()?;
        (read.len() == 32).then_some(Self {
            head,
            access_key,
            scope,
            date: "",
            signed_headers,
            signature,
        })
    }

    /// A signed header's value. One that is there twice could be read either way.
    fn header(&self, name: &str) -> Result<&'a str, SignatureError> {
        let mut values = self.head.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        let value = value.and_then(|value| value.to_str().ok());
        Ok(value
            .ok_or_else(|| SignatureError::Header(name.to_owned()))?
            .trim())
    }

    /// Check that the signature is that of the request with `body` and with `secret`.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn verify(&self, secret: &str, body: &[u8]) -> Result<(), SignatureError> {
        let host = self.header(HOST.as_str())?;
        // osc-cli signs the host as it sends it, osc-sdk-python without the port.
        let authority = host.parse::<Authority>();
        let bare = authority.as_ref().map_or(host, Authority::host);
        for host in [host, bare] {
            if self.is_signed(secret, &self.canonical(host, body)?) {
                return Ok(());
            }
        }
        Err(SignatureError::Mismatch(self.access_key.to_owned()))
    }

    /// The request in the form that is signed.
    fn canonical(&self, host: &str, body: &[u8]) -> Result<String, SignatureError> {
        let Parts { method, uri, .. } = self.head;
        let query = uri.query().unwrap_or_default();
        let mut text = format!("{method}\n{}\n{query}\n", uri.path());
        for name in self.signed_headers.split(';') {
            let value = match name {
                "host" => host,
                name => self.header(name)?,
            };
            text += &format!("{name}:{value}\n");
        }
        Ok(text + &format!("\n{}\n{}", self.signed_headers, hash(body)))
    }

    fn is_signed(&self, secret: &str, canonical: &str) -> bool {
        let Self {
            scope: [day, region, service],
            date,
            ..
        } = self;
        let text = format!(
            "{SCHEME}\n{date}\n{day}/{region}/{service}/{TERMINATOR}\n{}",
            hash(canonical.as_bytes())
        );
        let secret = format!("OSC4{secret}").into_bytes();
        let key = [day, region, service, &TERMINATOR]
            .into_iter()
            .try_fold(secret, |key, part| {
                Ok::<_, InvalidLength>(mac(&key, part)?.finalize().into_bytes().to_vec())
            });
        // Keys may have any length, so that there is always something to compare.
        let mac = key.and_then(|key| mac(&key, &text));
        mac.is_ok_and(|mac| mac.verify_slice(&self.signature).is_ok())
    }
}

fn mac(key: &[u8], text: &str) -> Result<Hmac<Sha256>, InvalidLength> {
    Ok(Hmac::new_from_slice(key)?.chain_update(text))
}

fn hash(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// A time like 20260131T235900Z.
fn parse_date(text: &str) -> Option<SystemTime> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    if !text.is_ascii() || day.len() != 8 || time.len() != 6 {
        return None;
    }
    let ((year, month), day) = (day[..6].split_at(4), &day[6..]);
    let ((hour, minute), second) = (time[..4].split_at(2), &time[4..]);
    humantime::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()
}

#[cfg(test)]
mod tests {
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
}
