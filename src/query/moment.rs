//! Points in time as people type them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::archive::timestamp;

/// What [`read`] takes, for error messages.
pub const FORMS: &str = "a date is 2024-01-31, 2024-01-31T10:00:00Z, now, today, or a distance from now: -30d, +7d, -12h";

/// Reads a point in time and gives it in the archive's text form, so that SQL can compare it.
///
/// # Errors
/// Those of [`time`].
pub fn read(text: &str, now: DateTime<Utc>) -> Result<String, String> {
    time(text, now).map(timestamp)
}

/// Reads a point in time.
///
/// A day is its midnight, and `today` too, in UTC. A time of day needs its offset (RFC 3339). A
/// distance is a sign, a whole number and `s`, `m`, `h` or `d` (86,400 seconds), counted from `now`.
///
/// # Errors
/// Says which forms there are; also outside the years 0 to 9999, which the archive's text form
/// cannot say.
pub fn time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let time = match text {
        "now" => Some(now),
        "today" => Some(now.date_naive().and_time(NaiveTime::MIN).and_utc()),
        _ => distance(text)
            .map(|distance| now.checked_add_signed(distance))
            .unwrap_or_else(|| day(text).or_else(|| instant(text))),
    };
    time.filter(|time| (0..=9999).contains(&time.year())).ok_or_else(|| FORMS.to_owned())
}

fn distance(text: &str) -> Option<TimeDelta> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let number = text[1..].trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[1 + number.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    TimeDelta::try_seconds(number.parse::<i64>().ok()?.checked_mul(sign * seconds)?)
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != "2024-01-31".len() {
        return None;
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc())
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    // A leap second, which the archive's text form has no place for.
    (time.timestamp_subsec_nanos() < 1_000_000_000).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::read;
    use chrono::{DateTime, Utc};

    fn now() -> DateTime<Utc> {
        // Two hours after European clocks were put forward.
        "2024-03-31T03:04:05.678Z".parse().expect("a time")
    }

    #[test]
    fn every_form_is_a_time_in_utc() {
        for (text, expected) in [
            ("now", "2024-03-31T03:04:05.678Z"),
            ("today", "2024-03-31T00:00:00.000Z"),
            ("2024-01-31", "2024-01-31T00:00:00.000Z"),
            ("2024-02-29", "2024-02-29T00:00:00.000Z"),
            ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00.000Z"),
            ("2024-01-31T10:00:00.1239Z", "2024-01-31T10:00:00.123Z"),
            ("2024-01-31T10:00:00+05:30", "2024-01-31T04:30:00.000Z"),
            ("2024-01-31T23:30:00-08:00", "2024-02-01T07:30:00.000Z"),
            ("-30d", "2024-03-01T03:04:05.678Z"),
            ("+7d", "2024-04-07T03:04:05.678Z"),
            ("-12h", "2024-03-30T15:04:05.678Z"),
            ("+90m", "2024-03-31T04:34:05.678Z"),
            ("-6s", "2024-03-31T03:03:59.678Z"),
            ("-0d", "2024-03-31T03:04:05.678Z"),
        ] {
            assert_eq!(read(text, now()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "NOW",
            "2024-1-31",
            "2023-02-29",
            "2024-13-01",
            "31.01.2024",
            "20240131",
            "2024-01-31T10:00:00",
            "2024-01-31T25:00:00Z",
            "2024-12-31T23:59:60Z",
            "30d",
            "-d",
            "-3.5d",
            "--3d",
            "-3w",
            "-3D",
            "+é",
            "-9223372036854775807d",
            "-4000000d",
            "+9000000d",
            "-0001-01-01",
            " now",
        ] {
            assert!(read(text, now()).is_err(), "{text}");
        }
    }
}
