//! How long an unmatched request waits.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// `ttl` of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It waits for ever.
    Never,
    /// It expires after so many seconds.
    Seconds(u64),
}

/// What requests made through the native API get that name none: seven days.
pub const DEFAULT_REQUEST_TTL: Ttl = Ttl::Seconds(7 * 86_400);

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Ttl {
    /// In milliseconds; `None` for ever.
    pub fn milliseconds(self) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::Seconds(seconds) => Some(seconds.saturating_mul(1000)),
        }
    }
}

impl FromStr for Ttl {
    type Err = ();

    /// `never`, or a count of `d`, `h`, `m` or `s`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let unit = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit));
        let (unit, seconds) = unit.ok_or(())?;
        let count = text.strip_suffix(unit).unwrap_or_default();
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        // A day's seconds times u32 still fit.
        match count.parse::<u32>() {
            Ok(count) if count > 0 => Ok(Self::Seconds(u64::from(count) * seconds)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Seconds(seconds) = self else {
            return f.write_str("never");
        };
        let whole = UNITS.into_iter().find(|(_, unit)| seconds % unit == 0);
        let (unit, of_it) = whole.unwrap_or(('s', 1));
        write!(f, "{}{unit}", seconds / of_it)
    }
}

impl Serialize for Ttl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_count_of_one_unit_or_never() {
        for (text, seconds) in [
            ("7d", 604_800),
            ("12h", 43_200),
            ("30m", 1_800),
            ("45s", 45),
        ] {
            assert_eq!(text.parse(), Ok(Ttl::Seconds(seconds)), "{text}");
            assert_eq!(Ttl::Seconds(seconds).to_string(), text);
        }
        assert_eq!("never".parse(), Ok(Ttl::Never));
        for bad in [
            "",
            "7",
            "d",
            "0d",
            "1w",
            "1h30m",
            "-1d",
            "+1d",
            "1 d",
            "Never",
            "99999999999d",
        ] {
            assert_eq!(bad.parse::<Ttl>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn it_is_written_in_the_largest_unit_that_fits() {
        assert_eq!(Ttl::Seconds(86_400 + 3_600).to_string(), "25h");
        assert_eq!("120s".parse::<Ttl>().unwrap().to_string(), "2m");
    }
}
