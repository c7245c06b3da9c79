//! Durations as people type and read them.

use std::time::Duration;

use chrono::TimeDelta;

/// Reads `500ms`, `30s`, `5m`, `26h` or `30d`: a whole number from 1 on and a unit.
///
/// # Errors
/// Says how a duration is written.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let milliseconds: u64 = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds))
        .filter(|&milliseconds| milliseconds > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| {
            "a duration is a number from 1 on and a unit: 500ms, 30s, 5m, 26h, 30d".to_owned()
        })
}

/// A duration for people: its two largest units, rounded down; `0s` for a negative one.
pub fn words(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds().max(0);
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let largest = units.iter().position(|&(number, _)| number > 0).unwrap_or(3);
    let said = units.iter().skip(largest).take(2).enumerate();
    let said = said.filter(|&(position, &(number, _))| position == 0 || number > 0);
    let words: Vec<String> = said.map(|(_, (number, unit))| format!("{number}{unit}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{parse, words};
    use chrono::TimeDelta;

    #[test]
    fn a_duration_is_said_in_its_two_largest_units() {
        for (seconds, said) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m 59s"),
            (3_601, "1h"),
            (93_600, "1d 2h"),
            (2_592_000, "30d"),
            (86_399, "23h 59m"),
            (86_400 * 800 + 60, "800d"),
        ] {
            assert_eq!(words(TimeDelta::seconds(seconds)), said, "{seconds}");
        }
    }

    #[test]
    fn durations_read_as_the_help_says() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("26h", 93_600_000),
            ("30d", 2_592_000_000),
        ] {
            assert_eq!(parse(text).map(|d| d.as_millis()), Ok(milliseconds), "{text}");
        }
        for wrong in [
            "",
            "s",
            "5",
            "0s",
            "-1s",
            "1.5h",
            "5 m",
            "5M",
            "99999999999999999999d",
            "1w",
            "é",
            "5é",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
