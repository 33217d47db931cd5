//! Paths of the API with their queries, encoded.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 section 2.3: what need not be encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path under `/v1` with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    path: String,
    query: String,
}

impl Url {
    /// `/v1` and these segments.
    pub(super) fn of(segments: &[&str]) -> Self {
        let mut path = "/v1".to_owned();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, RESERVED));
        }
        Self {
            path,
            query: String::new(),
        }
    }

    /// With one more parameter.
    pub(super) fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        let value = value.to_string();
        self.query.extend(utf8_percent_encode(&value, RESERVED));
        self
    }

    /// With one more parameter, if there is a value for it.
    pub(super) fn with_some(self, key: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With one more parameter that is `true`, or without it.
    pub(super) fn with_flag(self, key: &str, set: bool) -> Self {
        self.with_some(key, set.then_some(true))
    }

    /// The path alone, for sentences.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_encoded() {
        let url = Url::of(&["peerings", "a/b"])
            .with("labels", "env=prod,x")
            .with_some("state", None::<&str>)
            .with_flag("incoming", true);
        let expected = "/v1/peerings/a%2Fb?labels=env%3Dprod%2Cx&incoming=true";
        assert_eq!(url.to_string(), expected);
    }
}
