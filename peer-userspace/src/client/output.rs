//! How answers look: `-o`, and stdout.

use std::{
    io::{self, Write as _},
    str::FromStr,
};

use serde_json::Value;

use super::{Failure, jsonpath::Template};

/// `-o`, for commands to flatten.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Output {
    /// How to print: table, json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(super) output: Format,
}

/// How to print.
#[derive(Clone, Debug, Default)]
pub(super) enum Format {
    /// For people.
    #[default]
    Table,
    /// The API's answer.
    Json,
    /// The same as YAML.
    Yaml,
    /// What a template makes of it.
    JsonPath(Template),
}

/// Why a text is no [`Format`].
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAFormat {
    /// None of ours.
    #[error("use table, json, yaml or jsonpath=TEMPLATE")]
    Unknown,
    /// A wrong template.
    #[error(transparent)]
    Template(#[from] super::jsonpath::WrongTemplate),
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            _ => match text.strip_prefix("jsonpath=") {
                Some(template) => Ok(Self::JsonPath(template.parse()?)),
                None => Err(NotAFormat::Unknown),
            },
        }
    }
}

impl Format {
    /// Print an answer, as `people` reads it where it is for people.
    pub(super) fn show(
        &self,
        answer: &Value,
        people: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        match self {
            Self::Table => print(&people(answer)),
            Self::Json => print(&serde_json::to_string_pretty(answer).map_err(|e| failed(&e))?),
            Self::Yaml => print(&yaml(answer)?),
            // As kubectl does: the template says where lines end.
            Self::JsonPath(template) => write(&template.apply(answer)),
        }
    }
}

/// A value as YAML.
pub(super) fn yaml(value: &Value) -> Result<String, Failure> {
    serde_saphyr::to_string(value).map_err(|error| failed(&error))
}

/// Print a text on stdout, with a line end.
///
/// # Errors
/// If it cannot be written; [`Failure::ClosedPipe`] where nobody reads on.
pub fn print(text: &str) -> Result<(), Failure> {
    write(&format!("{}\n", text.trim_end()))
}

fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ClosedPipe),
        written => written.map_err(|error| failed(&error)),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("cannot print: {error}"))
}
