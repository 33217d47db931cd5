//! What a consent made by arguments says: shared by `request` and `accept`.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::{
    Failure,
    or_none::{OrNone, list},
};
use crate::model::Name;

/// Arguments about the consent to make.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ConsentArgs {
    /// The name of your consent
    #[arg(long)]
    pub(super) name: Option<Name>,
    /// Its labels, KEY=VALUE separated by commas
    #[arg(long, value_delimiter = ',')]
    labels: Vec<Label>,
    /// Which of your prefixes the peer gets, separated by commas, or none [default: all]
    #[arg(long, value_name = "PREFIX", value_delimiter = ',')]
    export: Vec<OrNone<String>>,
}

/// `KEY=VALUE`.
#[derive(Clone, Debug)]
struct Label {
    key: String,
    value: String,
}

/// A text is no label.
#[derive(Debug, thiserror::Error)]
#[error("use KEY=VALUE")]
struct NotKeyValue;

impl FromStr for Label {
    type Err = NotKeyValue;

    fn from_str(text: &str) -> Result<Self, NotKeyValue> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(NotKeyValue),
        }
    }
}

impl ConsentArgs {
    /// The labels, if any are given.
    pub(super) fn labels(&self) -> Option<Value> {
        let labels = self.labels.iter();
        let labels: Map<_, _> = labels
            .map(|Label { key, value }| (key.clone(), json!(value)))
            .collect();
        (!labels.is_empty()).then_some(Value::Object(labels))
    }

    /// `export`, if it is given.
    pub(super) fn export(&self) -> Result<Option<Value>, Failure> {
        list("--export", &self.export, |prefix| json!(prefix))
    }
}

/// An object of those fields that have a value.
pub(super) fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(given.collect())
}
