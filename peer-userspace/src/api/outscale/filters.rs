//! What a list leaves out: filters and pages.
//!
//! Owns how filters find values in an object as it is answered. Which filters a list
//! knows is the list's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{errors::Error, params::Params};

/// A filter: its name, the type of its values, and where they are in an object, `*`
/// standing for every item of a list.
pub(super) type Known = (&'static str, Type, &'static str);

/// What a filter's values are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    /// A list of strings.
    Texts,
    /// A list of numbers.
    Numbers,
    /// One boolean.
    Flag,
    /// A list of `KEY=VALUE`, each a tag's.
    Tags,
}

/// The filters of what has tags.
pub(super) const TAGS: [Known; 3] = [
    ("TagKeys", Type::Texts, "Tags/*/Key"),
    ("TagValues", Type::Texts, "Tags/*/Value"),
    ("Tags", Type::Tags, "Tags/*"),
];

/// Which objects, and how many of them at a time.
#[derive(Debug)]
pub(super) struct Query {
    /// Where a value is looked for, and the JSON of those that are wanted: a body has room
    /// for more than could be compared with every object one by one.
    filters: Vec<(&'static str, BTreeSet<String>)>,
    limit: Option<usize>,
    after: Option<String>,
}

const MOST: i64 = 1000;

impl Query {
    /// `Filters`, `ResultsPerPage` and `NextPageToken`.
    pub(super) fn read(params: &mut Params, known: &[&[Known]]) -> Result<Self, Error> {
        let mut filters = Vec::new();
        if let Some(mut given) = params.object("Filters")? {
            for (name, kind, path) in known.iter().copied().flatten() {
                let wanted = match kind {
                    Type::Texts | Type::Tags => given.texts(name)?.map(any),
                    Type::Numbers => given.numbers(name)?.map(any),
                    Type::Flag => given.flag(name)?.map(|flag| any(vec![flag])),
                };
                // An empty list asks for nothing in particular.
                if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
                    filters.push((*path, wanted));
                }
            }
            given.finish()?;
        }
        let limit = match params.number("ResultsPerPage")? {
            None => None,
            Some(limit) if limit < 1 => {
                return Err(Error::too_small(
                    "ResultsPerPage is a number from 1 to 1000",
                ));
            }
            Some(limit) if limit > MOST => {
                return Err(Error::too_large(
                    "ResultsPerPage is a number from 1 to 1000",
                ));
            }
            Some(limit) => usize::try_from(limit).ok(),
        };
        let after = match params.text("NextPageToken")? {
            None => None,
            Some(token) => Some(key_of(&token).ok_or_else(|| {
                Error::invalid_value("NextPageToken is not one that a reply of this call had")
            })?),
        };
        Ok(Self {
            filters,
            limit,
            after,
        })
    }

    /// The part of `all` that is asked for, in the order of their keys, as `name` in a reply.
    pub(super) fn answer(&self, name: &str, all: impl Iterator<Item = (String, Value)>) -> Value {
        let mut found: Vec<(String, Value)> =
            all.filter(|(_, object)| self.matches(object)).collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(after) = &self.after {
            found.retain(|(key, _)| key > after);
        }
        let more = self.limit.is_some_and(|limit| found.len() > limit);
        found.truncate(self.limit.unwrap_or(usize::MAX));
        let mut answer = serde_json::Map::new();
        if more && let Some((last, _)) = found.last() {
            answer.insert("NextPageToken".to_owned(), token_of(last).into());
        }
        let objects = found.into_iter().map(|(_, object)| object);
        answer.insert(name.to_owned(), objects.collect());
        Value::Object(answer)
    }

    fn matches(&self, object: &Value) -> bool {
        self.filters.iter().all(|(path, wanted)| {
            let path: Vec<&str> = path.split('/').collect();
            let mut found = Vec::new();
            values(object, &path, &mut found);
            found.iter().any(|found| match found {
                Value::Object(tag) => {
                    let part = |name| tag.get(name).and_then(Value::as_str).unwrap_or_default();
                    let tag = format!("{}={}", part("Key"), part("Value"));
                    wanted.contains(&Value::from(tag).to_string())
                }
                found => wanted.contains(&found.to_string()),
            })
        })
    }
}

/// What is at `path` in a value.
fn values<'a>(value: &'a Value, path: &[&str], found: &mut Vec<&'a Value>) {
    match path {
        [] => found.push(value),
        ["*", rest @ ..] => {
            for item in value.as_array().into_iter().flatten() {
                values(item, rest, found);
            }
        }
        [name, rest @ ..] => {
            if let Some(inner) = value.get(name) {
                values(inner, rest, found);
            }
        }
    }
}

fn any<T: Into<Value>>(wanted: Vec<T>) -> BTreeSet<String> {
    let wanted = wanted.into_iter().map(Into::into);
    wanted.map(|value: Value| value.to_string()).collect()
}

/// Base 64 is what clients take a token for: of a multiple of four hexadecimal digits
/// they make the same as we do.
fn token_of(key: &str) -> String {
    let mut token: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    if !token.len().is_multiple_of(4) {
        token.push_str("00");
    }
    token
}

fn key_of(token: &str) -> Option<String> {
    let digits = token.as_bytes();
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    if digits.is_empty() || !digits.len().is_multiple_of(4) || !is_hex {
        return None;
    }
    let byte = |index| u8::from_str_radix(token.get(index..index + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    let key = String::from_utf8(bytes?).ok()?;
    Some(key.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KNOWN: [Known; 4] = [
        ("Names", Type::Texts, "State/Name"),
        ("Ports", Type::Numbers, "Rules/*/Port"),
        ("Ranges", Type::Texts, "Rules/*/Ranges/*"),
        ("Main", Type::Flag, "Main"),
    ];

    fn query(body: Value) -> Result<Query, Error> {
        let mut params = Params::parse(body.to_string().as_bytes())?;
        let query = Query::read(&mut params, &[&KNOWN, &TAGS])?;
        params.finish()?;
        Ok(query)
    }

    fn objects() -> impl Iterator<Item = (String, Value)> {
        let all = [
            json!({ "Id": "a", "State": { "Name": "active" }, "Main": true,
                    "Rules": [{ "Port": 1, "Ranges": ["x", "y"] }, { "Port": 2, "Ranges": [] }],
                    "Tags": [{ "Key": "env", "Value": "prod" }, { "Key": "k", "Value": "test" }] }),
            json!({ "Id": "b", "State": { "Name": "failed" }, "Main": false, "Rules": [],
                    "Tags": [{ "Key": "env", "Value": "test" }] }),
            json!({ "Id": "c", "State": { "Name": "active" }, "Tags": [] }),
        ];
        all.into_iter()
            .rev()
            .map(|object| (object["Id"].as_str().unwrap().to_owned(), object))
    }

    fn found(body: Value) -> String {
        let answer = query(body).unwrap().answer("All", objects());
        let all = answer["All"].as_array().unwrap().iter();
        all.map(|object| object["Id"].as_str().unwrap()).collect()
    }

    #[test]
    fn an_object_fits_every_filter_by_any_of_its_values() {
        for (filters, expected) in [
            (json!({}), "abc"),
            (json!({ "Names": ["active"] }), "ac"),
            (json!({ "Names": ["active", "failed"] }), "abc"),
            (json!({ "Names": ["act"] }), ""),
            (json!({ "Names": [] }), "abc"),
            (json!({ "Ports": [2, 9] }), "a"),
            (json!({ "Ranges": ["y"] }), "a"),
            (json!({ "Main": false }), "b"),
            (json!({ "TagKeys": ["env"] }), "ab"),
            (json!({ "TagValues": ["test"] }), "ab"),
            (json!({ "Tags": ["env=test"] }), "b"),
            (json!({ "Tags": ["env=prod", "env=test"] }), "ab"),
            (json!({ "Names": ["active"], "TagKeys": ["env"] }), "a"),
        ] {
            assert_eq!(found(json!({ "Filters": filters })), expected, "{filters}");
        }
    }

    #[test]
    fn a_filter_of_a_whole_body_costs_no_more_than_to_read_it() {
        let names: Vec<String> = (0..50_000).map(|it| format!("name-{it:05}")).collect();
        let query = query(json!({ "Filters": { "Names": names } })).unwrap();
        let begun = std::time::Instant::now();
        let object = |it: u32| {
            let name = format!("name-{:05}", 49_990 + it);
            (it.to_string(), json!({ "State": { "Name": name } }))
        };
        let answer = query.answer("All", (0..10_000).map(object));
        let took = begun.elapsed();
        assert!(took < std::time::Duration::from_secs(10), "{took:?}");
        assert_eq!(answer["All"].as_array().unwrap().len(), 10);
    }

    #[test]
    fn pages_put_together_are_the_list() {
        for limit in 1..=4 {
            let (mut all, mut token) = (String::new(), Value::Null);
            loop {
                let body = json!({ "ResultsPerPage": limit, "NextPageToken": token });
                let mut page = query(body).unwrap().answer("All", objects());
                let ids = page["All"].as_array().unwrap().iter();
                all.extend(ids.map(|object| object["Id"].as_str().unwrap()));
                token = page["NextPageToken"].take();
                if token.is_null() {
                    break;
                }
            }
            assert_eq!(all, "abc", "{limit} at a time");
        }
    }

    #[test]
    fn a_token_stands_for_any_key() {
        for key in ["a", "ab", "abc", "pcx-0a1b2c3d", "vpc-0a1b2c3d é"] {
            assert_eq!(key_of(&token_of(key)).as_deref(), Some(key));
            assert_eq!(token_of(key).len() % 4, 0);
        }
        for token in ["", "6", "616", "zzzz", "ffff", "61 6"] {
            assert_eq!(key_of(token), None, "{token}");
        }
    }

    #[test]
    fn what_no_list_knows_is_refused() {
        for (body, code) in [
            (json!({ "Filters": { "Foo": ["a"] } }), "3001"),
            (json!({ "Filters": { "Names": "a" } }), "4110"),
            (json!({ "Filters": { "Ports": ["a"] } }), "4110"),
            (json!({ "Filters": { "Main": [true] } }), "4110"),
            (json!({ "Filters": [] }), "4110"),
            (json!({ "ResultsPerPage": 0 }), "4114"),
            (json!({ "ResultsPerPage": 1001 }), "4113"),
            (json!({ "ResultsPerPage": "many" }), "4110"),
            (json!({ "NextPageToken": "" }), "4047"),
            (json!({ "NextPageToken": 5 }), "4110"),
        ] {
            let error = query(body.clone()).unwrap_err().body();
            assert_eq!(error["Errors"][0]["Code"], code, "{body}");
        }
    }
}
