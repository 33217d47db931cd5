//! What clients of other systems put into `Authorization`, made without the daemon's code.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use peer_tests::Ask;
use sha2::{Digest as _, Sha256};

/// An access key and its secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signer {
    pub(super) key: &'static str,
    pub(super) secret: &'static str,
}

impl Signer {
    /// A request with a body in YAML, signed so long ago as Outscale's clients would. The
    /// body that is sent may be another than the one signed.
    pub(super) fn ask(
        &self,
        (method, path): (&str, &str),
        [signed, sent]: [&str; 2],
        age: Duration,
    ) -> Ask {
        let at = humantime::format_rfc3339_seconds(SystemTime::now() - age);
        let date = at.to_string().replace(['-', ':'], "");
        let day = &date[..8];
        // What every `Ask` has for a host.
        let canonical = format!(
            "{method}\n{path}\n\ncontent-type:application/yaml\nhost:peerd\nx-osc-date:{date}\n\n\
             content-type;host;x-osc-date\n{}",
            hash(signed)
        );
        let scope = format!("{day}/some-region/api/osc4_request");
        let text = format!("OSC4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&canonical));
        let first = format!("OSC4{}", self.secret).into_bytes();
        let key = scope.split('/').fold(first, |key, part| mac(&key, part));
        let signature = base16ct::lower::encode_string(&mac(&key, &text));
        let authorization = format!(
            "OSC4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host;x-osc-date, \
             Signature={signature}",
            self.key
        );
        Ask::new(method, path)
            .header("X-Osc-Date", &date)
            .header("Authorization", &authorization)
            .yaml(sent)
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn hash(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text))
}

/// A name and a password.
pub(super) fn basic(name: &str, password: &str) -> String {
    let text = BASE64_STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {text}")
}
