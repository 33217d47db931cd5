//! What YAML takes the text of a plain scalar for.

/// Null of YAML 1.2's core schema (section 10.3.2).
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// What a plain scalar is, if not a string.
pub(super) fn other_than_string(text: &str) -> Option<&'static str> {
    let bool = matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE");
    let number = |text: &str| {
        let digits = |digits: &str, radix| {
            !digits.is_empty() && digits.chars().all(|char| char.is_digit(radix))
        };
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let float = unsigned.starts_with(|char: char| char.is_ascii_digit() || char == '.')
            && unsigned.parse::<f64>().is_ok();
        float
            || text.strip_prefix("0x").is_some_and(|text| digits(text, 16))
            || text.strip_prefix("0o").is_some_and(|text| digits(text, 8))
            || matches!(unsigned, ".inf" | ".Inf" | ".INF")
            || matches!(text, ".nan" | ".NaN" | ".NAN")
    };
    match text {
        _ if is_null(text) => Some("null"),
        _ if bool => Some("a boolean"),
        _ if number(text) => Some("a number"),
        _ => None,
    }
}

/// Whether a text would be an IPv6 address or prefix in quotes. YAML takes the
/// last colon of a plain `fd00::` for the sign between a key and its value.
pub(super) fn is_ipv6_like(text: &str) -> bool {
    text.contains("::")
        && text
            .chars()
            .all(|char| char.is_ascii_hexdigit() || ":./".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_yaml_1_2_says_is_other_than_a_string() {
        for (text, other) in [
            ("", Some("null")),
            ("~", Some("null")),
            ("Null", Some("null")),
            ("true", Some("a boolean")),
            ("FALSE", Some("a boolean")),
            ("0", Some("a number")),
            ("-12", Some("a number")),
            ("+1.5e3", Some("a number")),
            (".5", Some("a number")),
            ("0x1F", Some("a number")),
            ("0o17", Some("a number")),
            ("-.inf", Some("a number")),
            (".NaN", Some("a number")),
            ("yes", None),
            ("off", None),
            ("inf", None),
            ("nan", None),
            ("0x", None),
            ("1.2.3", None),
            ("1d", None),
            ("-", None),
            ("--1", None),
            ("10.1.0.0/16", None),
        ] {
            assert_eq!(other_than_string(text), other, "{text:?}");
        }
    }

    #[test]
    fn what_ends_in_two_colons_may_be_an_address() {
        for good in ["::", "fd00::", "fd00:1::/48", "::ffff:10.0.0.1"] {
            assert!(is_ipv6_like(good), "{good}");
        }
        for bad in ["", "12:30:", "key", "a: b", "vpc::name"] {
            assert!(!is_ipv6_like(bad), "{bad}");
        }
    }
}
