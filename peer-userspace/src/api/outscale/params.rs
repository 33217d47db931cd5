//! The parameters of a call.
//!
//! Owns their JSON types. Each is taken out as it is read, so that what is left over is
//! what no call knows.

use serde_json::{Map, Value};

use super::errors::Error;

/// Parameters that were not read yet, and what they are a part of.
#[derive(Debug, Default)]
pub(super) struct Params {
    fields: Map<String, Value>,
    path: String,
}

impl Params {
    /// A body's; none at all is as good as an empty object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = serde_json::from_slice(body)
            .map_err(|error| Error::wrong_type(format!("the body is no JSON: {error}")))?;
        Self::of(value, String::new()).map_err(|_| Error::wrong_type("the body is no JSON object"))
    }

    fn of(value: Value, path: String) -> Result<Self, Error> {
        match value {
            Value::Object(fields) => Ok(Self { fields, path }),
            _ => Err(Error::wrong_type(format!("{path} is no object"))),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Clients write what they were not given as `null`.
    fn take<T>(
        &mut self,
        name: &str,
        kind: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let wrong = || Error::wrong_type(format!("{} is no {kind}", self.path(name)));
                read(value).map(Some).ok_or_else(wrong)
            }
        }
    }

    /// `value`, which the call needs.
    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Error> {
        let path = self.path(name);
        value.ok_or_else(|| Error::missing_parameter(format!("{path} is missing")))
    }

    /// A string.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        self.take(name, "string", text)
    }

    /// A string that the call needs.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, Error> {
        let text = self.text(name)?;
        self.required(name, text)
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<i64>, Error> {
        self.take(name, "integer", number)
    }

    /// A boolean.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Error> {
        self.take(name, "boolean", flag)
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Error> {
        self.take(name, "list of strings", |value| every(value, text))
    }

    /// A list of whole numbers.
    pub(super) fn numbers(&mut self, name: &str) -> Result<Option<Vec<i64>>, Error> {
        self.take(name, "list of integers", |value| every(value, number))
    }

    /// An object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Error> {
        let path = self.path(name);
        let value = self.take(name, "object", Some)?;
        value.map(|value| Self::of(value, path)).transpose()
    }

    /// A list of objects.
    pub(super) fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>, Error> {
        let path = self.path(name);
        let values = self.take(name, "list of objects", |value| every(value, Some))?;
        let Some(values) = values else {
            return Ok(None);
        };
        let numbered = values.into_iter().enumerate();
        let read = numbered.map(|(index, value)| Self::of(value, format!("{path}[{index}]")));
        read.collect::<Result<_, _>>().map(Some)
    }

    /// Refuse what nobody read.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::unknown_parameter(format!(
                "{} is not known here",
                self.path(name)
            ))),
        }
    }
}

/// osc-cli writes every value of its command line as a string.
fn number(value: Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// The same.
fn flag(value: Value) -> Option<bool> {
    match value {
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        other => other.as_bool(),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn every<T>(value: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(values) => values.into_iter().map(read).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(body: &str) -> Params {
        Params::parse(body.as_bytes()).unwrap()
    }

    fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Value {
        result.unwrap_err().body()["Errors"][0]["Code"].take()
    }

    #[test]
    fn what_is_read_has_its_type_and_what_is_left_over_is_refused() {
        let mut read =
            params(r#"{"A": "a", "N": 3, "F": true, "L": ["x"], "O": {"I": 1}, "Z": null}"#);
        assert_eq!(read.required_text("A").unwrap(), "a");
        assert_eq!(read.number("N").unwrap(), Some(3));
        assert_eq!(read.flag("F").unwrap(), Some(true));
        assert_eq!(read.texts("L").unwrap(), Some(vec!["x".to_owned()]));
        let object = read.object("O").unwrap().unwrap();
        let error = object.finish().unwrap_err().body();
        assert_eq!(error["Errors"][0]["Details"], "O.I is not known here");
        assert_eq!(read.text("Z").unwrap(), None);
        read.finish().unwrap();
        params("").finish().unwrap();
        params(" \n").finish().unwrap();
        assert_eq!(code(params(r#"{"Foo": 1}"#).finish()), "3001");
    }

    #[test]
    fn numbers_and_booleans_may_be_written_as_osc_cli_does() {
        assert_eq!(params(r#"{"A": "22"}"#).number("A").unwrap(), Some(22));
        assert_eq!(params(r#"{"A": "True"}"#).flag("A").unwrap(), Some(true));
        assert_eq!(params(r#"{"A": "false"}"#).flag("A").unwrap(), Some(false));
    }

    #[test]
    fn other_types_and_missing_parameters_have_codes() {
        for (body, name) in [(r#"{"A": 1}"#, "A"), (r#"{"A": ["a"]}"#, "A")] {
            assert_eq!(code(params(body).text(name)), "4110");
        }
        assert_eq!(code(params(r#"{"A": "one"}"#).number("A")), "4110");
        assert_eq!(code(params(r#"{"A": "yes"}"#).flag("A")), "4110");
        assert_eq!(code(params(r#"{"A": 1.5}"#).number("A")), "4110");
        assert_eq!(code(params(r#"{"A": "a"}"#).texts("A")), "4110");
        assert_eq!(code(params(r#"{"A": [1]}"#).texts("A")), "4110");
        assert_eq!(code(params(r#"{"A": [1]}"#).objects("A")), "4110");
        assert_eq!(code(params(r#"{"A": []}"#).object("A")), "4110");
        assert_eq!(code(params("{}").required_text("A")), "7000");
        for body in ["[]", "1", "{", "\"a\""] {
            assert_eq!(code(Params::parse(body.as_bytes())), "4110", "{body}");
        }
    }
}
