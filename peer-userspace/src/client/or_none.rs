//! Lists among arguments, where the word `none` is the empty list: to say nothing
//! means something else there.

use std::str::FromStr;

use serde_json::Value;

use super::Failure;

/// An element, or the word `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OrNone<T> {
    None,
    Element(T),
}

impl<T: FromStr> FromStr for OrNone<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        match text {
            "none" => Ok(Self::None),
            _ => text.parse().map(Self::Element),
        }
    }
}

/// The list, if anything is said about it.
pub(super) fn list<T>(
    option: &str,
    given: &[OrNone<T>],
    json: impl Fn(&T) -> Value,
) -> Result<Option<Value>, Failure> {
    let elements: Vec<Value> = given
        .iter()
        .filter_map(|element| match element {
            OrNone::None => None,
            OrNone::Element(element) => Some(json(element)),
        })
        .collect();
    match given {
        [] => Ok(None),
        [OrNone::None] => Ok(Some(Value::Array(elements))),
        _ if elements.len() == given.len() => Ok(Some(Value::Array(elements))),
        _ => Err(Failure::Usage(format!(
            "{option} none goes with nothing else"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(given: &[&str]) -> Result<Option<Value>, Failure> {
        let given: Vec<OrNone<u8>> = given.iter().map(|text| text.parse().unwrap()).collect();
        list("--x", &given, |number| json!(number))
    }

    #[test]
    fn none_is_the_empty_list_and_nothing_is_no_list() {
        assert_eq!(listed(&[]).unwrap(), None);
        assert_eq!(listed(&["none"]).unwrap(), Some(json!([])));
        assert_eq!(listed(&["1", "2"]).unwrap(), Some(json!([1, 2])));
        for wrong in [&["none", "1"][..], &["none", "none"]] {
            assert!(matches!(listed(wrong), Err(Failure::Usage(_))));
        }
    }
}
