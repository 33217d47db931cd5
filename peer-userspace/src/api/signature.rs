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
        let date = header(head, DATE)?;
        let claim = Self::parse(head, credentials, date).ok_or(SignatureError::Malformed)?;
        for name in [HOST.as_str(), DATE] {
            if !claim.signed_headers.split(';').any(|signed| signed == name) {
                return Err(SignatureError::Uncovered(name));
            }
        }
        if !date.starts_with(&format!("{}T", claim.scope[0])) {
            return Err(SignatureError::Date);
        }
        let apart = now.duration_since(parse_date(date).ok_or(SignatureError::Date)?);
        if apart.unwrap_or_else(|early| early.duration()) > TOLERANCE {
            return Err(SignatureError::Clock);
        }
        Ok(claim)
    }

    fn parse(head: &'a Parts, credentials: &'a str, date: &'a str) -> Option<Self> {
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
            date,
            signed_headers,
            signature,
        })
    }

    /// Check that the signature is that of the request with `body` and with `secret`.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn verify(&self, secret: &str, body: &[u8]) -> Result<(), SignatureError> {
        let host = header(self.head, HOST.as_str())?;
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
                name => header(self.head, name)?,
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

/// A signed header's value. One that is there twice could be read either way.
fn header<'a>(head: &'a Parts, name: &str) -> Result<&'a str, SignatureError> {
    let mut values = head.headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let value = value.and_then(|value| value.to_str().ok());
    let value = value.ok_or_else(|| SignatureError::Header(name.to_owned()))?;
    Ok(value.trim())
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
mod tests;
