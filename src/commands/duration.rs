//! Durations as people type them.

use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::parse;

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
