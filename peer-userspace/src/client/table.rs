//! Tables for people.

use comfy_table::{Table, presets};
use serde_json::Value;

/// A column of a table.
pub(super) struct Column {
    title: &'static str,
    cell: Box<dyn Fn(&Value) -> String>,
    /// Left out where it says nothing of any item.
    optional: bool,
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
            optional: false,
        }
    }

    /// The same, but left out where it says nothing of any item.
    pub(super) fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

/// A header and a line for each item.
pub(super) fn table<'a>(items: impl IntoIterator<Item = &'a Value>, columns: &[Column]) -> String {
    let items: Vec<&Value> = items.into_iter().collect();
    let says_something =
        |column: &&Column| items.iter().any(|item| !(column.cell)(item).is_empty());
    let columns: Vec<&Column> = columns
        .iter()
        .filter(|column| !column.optional || says_something(column))
        .collect();
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

/// The value at a JSON pointer (RFC 6901) as a cell; `*` steps into every element
/// of an array.
pub(super) fn cell(value: &Value, pointer: &str) -> String {
    if let Some((before, after)) = pointer.split_once("/*") {
        let elements = value.pointer(before).and_then(Value::as_array);
        let cells = elements
            .into_iter()
            .flatten()
            .map(|element| cell(element, after));
        return cells.collect::<Vec<_>>().join(" ");
    }
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(elements)) => elements
            .iter()
            .map(|element| cell(element, ""))
            .collect::<Vec<_>>()
            .join(" "),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_optional_column_is_there_where_it_says_something() {
        let columns = [Column::new("A", "/a"), Column::new("B", "/b").optional()];
        let items = [json!({ "a": 1 }), json!({ "a": 2, "b": 3 })];
        assert_eq!(table(&items[..1], &columns), "A\n1");
        assert_eq!(table(&items, &columns), "A  B\n1\n2  3");
    }
}
