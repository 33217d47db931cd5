//! How answers look.

use std::io::{self, Write as _};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde_json::Value;

use super::{Failure, get::cell};

/// `-o`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// The API's answer.
    Json,
    /// The same as YAML.
    Yaml,
}

/// A column of a table.
pub(super) struct Column {
    title: &'static str,
    cell: Box<dyn Fn(&Value) -> String>,
}

impl Column {
    /// What stands at a pointer.
    pub(super) fn new(title: &'static str, pointer: &'static str) -> Self {
        Self::of(title, move |value| cell(value, pointer))
    }

    /// What a function makes of the object.
    pub(super) fn of(title: &'static str, cell: impl Fn(&Value) -> String + 'static) -> Self {
        Self {
            title,
            cell: Box::new(cell),
        }
    }
}

/// Print `answer` whole, or its `items` as a table.
pub(super) fn show(
    answer: &Value,
    items: &[Value],
    columns: &[Column],
    format: Format,
) -> Result<(), Failure> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(answer).map_err(|error| failed(&error))?,
        Format::Yaml => serde_saphyr::to_string(answer).map_err(|error| failed(&error))?,
        Format::Table => table(items, columns),
    };
    print(&text)
}

/// Print a text on stdout, with a line end.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // `peerctl get … | head` is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| failed(&error)),
    }
}

fn table(items: &[Value], columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|column| column.title));
    for item in items {
        table.add_row(columns.iter().map(|column| (column.cell)(item)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("cannot print: {error}"))
}
