//! How often to try: from the flag, the environment and the profile, none of which may panic.

use aws_smithy_types::retry::{RetryConfig, RetryMode};

/// Attempts of one call where nobody says otherwise. With the SDK's back-off this outlasts a
/// throttle or an outage of about a minute; the API allows 5 requests a second.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 8;

/// What one place says of retries, as it wrote it.
#[derive(Debug, Clone, Default)]
pub struct RetryWords {
    /// `AWS_MAX_ATTEMPTS`, or `max_attempts` in a profile.
    pub max_attempts: Option<String>,
    /// `AWS_RETRY_MODE`, or `retry_mode` in a profile.
    pub mode: Option<String>,
}

/// Settles on a configuration: the flag, else the environment, else the profile, else the default.
///
/// `aws_config` panics on words that it does not know (`legacy`, an attempt count of 0). Here they
/// are passed over, and the second value says which.
pub fn settle(
    flag: Option<u32>,
    environment: &RetryWords,
    profile: &RetryWords,
) -> (RetryConfig, Vec<String>) {
    let mut passed_over = Vec::new();
    let mut max_attempts = flag;
    let mut mode = None;
    for (words, [attempts_name, mode_name]) in [
        (environment, ["AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"]),
        (profile, ["max_attempts in the profile", "retry_mode in the profile"]),
    ] {
        if let (None, Some(word)) = (max_attempts, &words.max_attempts) {
            match word.trim().parse() {
                Ok(number) if number > 0 => max_attempts = Some(number),
                _ => passed_over
                    .push(format!("{attempts_name} = {word:?} is not a number from 1 on")),
            }
        }
        if let (None, Some(word)) = (mode, &words.mode) {
            match word.trim() {
                "standard" => mode = Some(RetryMode::Standard),
                "adaptive" => mode = Some(RetryMode::Adaptive),
                _ => passed_over
                    .push(format!("{mode_name} = {word:?} is neither standard nor adaptive")),
            }
        }
    }
    let config = RetryConfig::standard()
        .with_retry_mode(mode.unwrap_or(RetryMode::Standard))
        .with_max_attempts(max_attempts.unwrap_or(DEFAULT_MAX_ATTEMPTS));
    (config, passed_over)
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_MAX_ATTEMPTS, RetryWords, settle};
    use aws_smithy_types::retry::RetryMode;

    fn words(max_attempts: Option<&str>, mode: Option<&str>) -> RetryWords {
        RetryWords { max_attempts: max_attempts.map(str::to_owned), mode: mode.map(str::to_owned) }
    }

    #[test]
    fn the_flag_goes_before_the_environment_before_the_profile_before_the_default() {
        let none = words(None, None);
        for (flag, environment, profile, expected) in [
            (None, &none, &none, DEFAULT_MAX_ATTEMPTS),
            (None, &none, &words(Some("3"), None), 3),
            (None, &words(Some("2"), None), &words(Some("3"), None), 2),
            (Some(1), &words(Some("2"), None), &none, 1),
            (None, &words(Some("0"), None), &words(Some("3"), None), 3),
            (None, &words(Some("many"), None), &none, DEFAULT_MAX_ATTEMPTS),
        ] {
            assert_eq!(settle(flag, environment, profile).0.max_attempts(), expected);
        }
    }

    #[test]
    fn words_that_make_the_sdk_panic_are_passed_over_and_named() {
        let (config, passed_over) =
            settle(None, &words(Some("0"), Some("legacy")), &words(None, None));
        assert_eq!(config.mode(), RetryMode::Standard);
        assert_eq!(passed_over.len(), 2, "{passed_over:?}");
        let (config, passed_over) =
            settle(None, &words(None, Some("adaptive")), &words(None, None));
        assert_eq!(config.mode(), RetryMode::Adaptive);
        assert!(passed_over.is_empty());
    }
}
