//! A point in time as AWS writes it.

use chrono::{DateTime, Datelike, Utc};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::decimal::Decimal;

/// A point in time, in UTC, exactly as precise as it was written.
///
/// The wire has JSON numbers, seconds since 1970-01-01T00:00:00Z, in two notations
/// (`1482952459.257` and `1.482952459257E9`). JSON saved by the AWS CLI has RFC 3339 text in the
/// time zone of whoever saved it. All of them become the same value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    seconds: Decimal,
}

impl Instant {
    /// The exact number of seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(&self) -> &Decimal {
        &self.seconds
    }

    /// The time rounded to milliseconds, or `None` outside the years 0 to 9999, which the
    /// archive's text form cannot say.
    pub fn to_datetime(&self) -> Option<DateTime<Utc>> {
        let time = DateTime::from_timestamp_millis(self.seconds.to_thousandths()?)?;
        (0..=9999).contains(&time.year()).then_some(time)
    }

    fn parse(raw: &RawValue) -> Option<Self> {
        if let Some(seconds) = Decimal::parse(raw.get()) {
            return Some(Self { seconds });
        }
        let text: String = serde_json::from_str(raw.get()).ok()?;
        let time = DateTime::parse_from_rfc3339(&text).ok()?;
        // Chrono keeps nanoseconds; a time that says more would be cut, so it is not understood.
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        if fraction.bytes().take_while(u8::is_ascii_digit).count() > 9 {
            return None;
        }
        let nanoseconds = i128::from(time.timestamp()) * 1_000_000_000
            + i128::from(time.timestamp_subsec_nanos());
        Decimal::parse(&format!("{nanoseconds}e-9")).map(|seconds| Self { seconds })
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw).ok_or_else(|| {
            D::Error::custom("a time must be a number of seconds since 1970 or RFC 3339 text")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;
    use chrono::SecondsFormat;

    fn read(json: &str) -> Result<Instant, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn both_wire_notations_and_any_time_zone_are_one_instant() {
        let instant = read("1482952459.257").expect("a number");
        for same in [
            "1.482952459257E9",
            "1482952459.2570000",
            r#""2016-12-28T19:14:19.257Z""#,
            r#""2016-12-28T11:14:19.257000-08:00""#,
            r#""2016-12-29T00:44:19.257+05:30""#,
        ] {
            assert_eq!(read(same).expect(same), instant, "{same}");
        }
        let text = instant.to_datetime().map(|t| t.to_rfc3339_opts(SecondsFormat::Millis, true));
        assert_eq!(text.as_deref(), Some("2016-12-28T19:14:19.257Z"));
    }

    #[test]
    fn a_time_that_the_calendar_does_not_hold_has_no_datetime() {
        for absurd in ["1e300", "-1e15", "253402300800", "9223372036854775807"] {
            assert_eq!(read(absurd).expect(absurd).to_datetime(), None, "{absurd}");
        }
        assert!(read("-86400.5").expect("before 1970").to_datetime().is_some());
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for wrong in [r#""soon""#, "true", "[]", "{}", r#""1482952459""#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
