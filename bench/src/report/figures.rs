//! Numbers as people read them. Pure.

/// A number with three significant digits, all digits before the point in groups.
pub(super) fn figure(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let digits = number.abs().log10().floor();
    let decimals = (2.0 - digits).clamp(0.0, 6.0);
    if number == 0.0 {
        return "0".to_owned();
    }
    grouped(&format!("{number:.0$}", decimals as usize))
}

/// A ratio, which is compared with bounds such as 0.95.
pub(super) fn ratio(number: f64) -> String {
    if number.is_finite() {
        format!("{number:.3}")
    } else {
        "–".to_owned()
    }
}

/// A number of an axis: `1,200`, `10k`, `2.5M`.
pub(super) fn tick(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        1e6.. => (number / 1e6, "M"),
        1e4.. => (number / 1e3, "k"),
        _ => (number, ""),
    };
    // Rounded, since the places of ticks are sums of fractions.
    grouped(&format!("{}{unit}", (scaled * 1e6).round() / 1e6))
}

/// `1234567.8` to `1,234,567.8`; what comes behind the digits stays.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find(['.', 'k', 'M']).unwrap_or(number.len()));
    let digits = whole.trim_start_matches('-').len();
    let mut text = whole[..whole.len() - digits].to_owned();
    for (place, digit) in whole[whole.len() - digits..].char_indices() {
        if place > 0 && (digits - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_at_least_and_keep_those_before_the_point() {
        let numbers = [447.4, 57.31, 0.012_34, -9.5, 1_234_567.8, 100_000.0, 0.0];
        let wanted = [
            "447",
            "57.3",
            "0.0123",
            "-9.50",
            "1,234,568",
            "100,000",
            "0",
        ];
        assert_eq!(numbers.map(figure), wanted);
    }

    #[test]
    fn what_is_no_number_is_a_dash() {
        assert_eq!(
            (figure(f64::NAN), ratio(f64::INFINITY)),
            ("–".to_owned(), "–".to_owned())
        );
    }

    #[test]
    fn ticks_are_short() {
        let numbers = [0.1 + 0.2, 1.0, 1200.0, 25_500.0, 1e6];
        assert_eq!(numbers.map(tick), ["0.3", "1", "1,200", "25.5k", "1M"]);
    }
}
