//! An entry of `access` in `peerd.yaml`: who has which role where. How callers show who
//! they are is the API's.

use std::fmt;

use serde::Deserialize;

/// What one user, group, token or key may do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Access {
    /// Who.
    pub who: Who,
    /// In which namespaces; `*` for all.
    pub namespaces: Vec<String>,
    /// What.
    pub role: Role,
}

/// Who is given access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user of the host, by name or number.
    User(String),
    /// A group of the host, by name or number.
    Group(String),
    /// Whoever knows the token with this name and SHA-256.
    Token(String, [u8; 32]),
    /// Whoever signs with the secret of this access key.
    Key(String, SecretKey),
}

/// What requests are signed with. It is itself needed to verify them, so there is no
/// keeping only its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(..)")
    }
}

/// What one may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// And decide about peerings.
    Operator,
    /// And declare networks.
    Admin,
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    user: Option<String>,
    group: Option<String>,
    token: Option<String>,
    sha256: Option<String>,
    access_key: Option<String>,
    secret_key: Option<String>,
    namespaces: Vec<String>,
    role: Role,
}

impl TryFrom<Entry> for Access {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let token = (entry.token, entry.sha256);
        let key = (entry.access_key, entry.secret_key);
        let who = match (entry.user, entry.group, token, key) {
            (Some(user), None, (None, None), (None, None)) => Who::User(user),
            (None, Some(group), (None, None), (None, None)) => Who::Group(group),
            (None, None, (Some(token), Some(hash)), (None, None)) => {
                let hash = read_hash(&hash)
                    .ok_or_else(|| format!("token {token}: sha256 is not 64 hexadecimal digits"))?;
                Who::Token(token, hash)
            }
            (None, None, (Some(token), None), (None, None)) => {
                return Err(format!("token {token} has no sha256"));
            }
            (None, None, (None, None), (Some(key), Some(secret))) => {
                // It has to fit into `Credential=KEY/DATE/...,`.
                let fits = |byte: u8| byte.is_ascii_graphic() && !b"/,".contains(&byte);
                if key.is_empty() || !key.bytes().all(fits) {
                    return Err(format!(
                        "`{key}` is no accessKey: it takes letters, digits and signs but `/` and `,`"
                    ));
                }
                if secret.is_empty() {
                    return Err(format!("the secretKey of accessKey {key} is empty"));
                }
                Who::Key(key, SecretKey(secret))
            }
            (None, None, (None, None), (Some(key), None)) => {
                return Err(format!("accessKey {key} has no secretKey"));
            }
            _ => {
                return Err(
                    "an entry names one user, one group, one token with sha256, \
                            or one accessKey with secretKey"
                        .into(),
                );
            }
        };
        Ok(Self {
            who,
            namespaces: entry.namespaces,
            role: entry.role,
        })
    }
}

fn read_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let read = base16ct::mixed::decode(text, &mut hash).ok()?;
    (read.len() == 32).then_some(hash)
}
