//! Labels: flat lists of `key` and `value`, within UpCloud's limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusal::Refusal;

type Labels = BTreeMap<String, String>;

/// As UpCloud lists them.
pub(super) fn show(labels: &Labels) -> Value {
    let labels = labels.iter();
    labels
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

/// What a call says they are to be.
pub(super) fn read(value: &Value) -> Result<Labels, Refusal> {
    let shape = || {
        let message = "labels is a list of objects with a `key` and a `value`, both strings";
        Refusal::attribute("LABELS_INVALID", message)
    };
    let mut labels = Labels::new();
    for label in value.as_array().ok_or_else(shape)? {
        let label = label.as_object().ok_or_else(shape)?;
        if label.keys().any(|known| known != "key" && known != "value") {
            return Err(shape());
        }
        let text = |name| label.get(name).and_then(Value::as_str).ok_or_else(shape);
        let (key, value) = (text("key")?, text("value")?);
        if !is_key(key) {
            return Err(Refusal::attribute(
                "INVALID_LABEL_KEY",
                format!(
                    "label key `{key}`: use 2 to 32 letters, digits, - and _, first a letter or digit"
                ),
            ));
        }
        if value.chars().count() > 255 || value.contains(char::is_control) {
            return Err(Refusal::attribute(
                "INVALID_LABEL_VALUE",
                format!("label {key}: a value is one line of at most 255 characters"),
            ));
        }
        if labels.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::attribute(
                "DUPLICATE_LABEL_KEYS",
                format!("label {key} is given twice"),
            ));
        }
    }
    Ok(labels)
}

fn is_key(key: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (2..=32).contains(&key.len())
        && key.bytes().all(inner)
        && key.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Whether `labels` have what a filter wants, `KEY=VALUE` or `KEY`; case does not count
/// in keys.
pub(super) fn have(labels: &Labels, wanted: &str) -> bool {
    let (key, value) = match wanted.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (wanted, None),
    };
    labels.iter().any(|(known, found)| {
        known.eq_ignore_ascii_case(key) && value.is_none_or(|value| value == found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Value {
        json!([{ "key": key, "value": value }])
    }

    #[test]
    fn labels_are_shown_as_they_were_read() {
        let labels = json!([
            { "key": "a1", "value": "" },
            { "key": "env", "value": "prod ü = x" },
        ]);
        assert_eq!(show(&read(&labels).unwrap()), labels);
        assert_eq!(show(&read(&json!([])).unwrap()), json!([]));
    }

    #[test]
    fn keys_values_and_shapes_are_within_upclouds_limits() {
        let long = |length| "k".repeat(length);
        for (wrong, code) in [
            (one("k", ""), "INVALID_LABEL_KEY"),
            (one(&long(33), ""), "INVALID_LABEL_KEY"),
            (one("_a", ""), "INVALID_LABEL_KEY"),
            (one("a b", ""), "INVALID_LABEL_KEY"),
            (one("äa", ""), "INVALID_LABEL_KEY"),
            (one("ab", &long(256)), "INVALID_LABEL_VALUE"),
            (one("ab", "a\nb"), "INVALID_LABEL_VALUE"),
            (
                json!([{ "key": "ab", "value": "" }, { "key": "ab", "value": "" }]),
                "DUPLICATE_LABEL_KEYS",
            ),
            (json!({ "ab": "c" }), "LABELS_INVALID"),
            (json!(["ab"]), "LABELS_INVALID"),
            (json!([{ "key": "ab" }]), "LABELS_INVALID"),
            (json!([{ "key": "ab", "value": 1 }]), "LABELS_INVALID"),
            (
                json!([{ "key": "ab", "value": "", "more": "" }]),
                "LABELS_INVALID",
            ),
        ] {
            let refusal = read(&wrong).unwrap_err();
            assert!(format!("{refusal:?}").contains(code), "{refusal:?}");
        }
        for key in [&*long(2), &long(32), "0-_"] {
            assert!(read(&one(key, &long(255))).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_filter_wants_a_key_or_a_key_with_its_value() {
        let labels = read(&one("Env", "a=b")).unwrap();
        for wanted in ["Env", "env", "ENV=a=b"] {
            assert!(have(&labels, wanted), "{wanted}");
        }
        for unwanted in ["en", "env=A=b", "env=", "env=a", ""] {
            assert!(!have(&labels, unwanted), "{unwanted}");
        }
    }
}
