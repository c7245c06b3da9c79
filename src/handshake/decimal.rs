//! Exact decimal numbers, so that two notations of one number are one value and no digit is lost.

use std::fmt;

/// A decimal number as `±digits × 10^exponent`, without leading or trailing zeros in its digits.
///
/// JSON writes one number in many ways (`1482952459.257`, `1.482952459257E9`), and a binary float
/// would merge numbers that differ in a late digit. This form does neither: equal values are equal,
/// others are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    negative: bool,
    /// Significant digits; empty for zero.
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number in JSON's notation (RFC 8259, section 6).
    ///
    /// `None` if the text is no such number, or if its exponent does not fit into 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                (mantissa, exponent.parse::<i64>().ok()?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let all = [whole, fraction].concat();
        let significant = all.trim_end_matches('0');
        let trimmed = all.len() - significant.len();
        let digits = significant.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let shift = i64::try_from(trimmed).ok()? - i64::try_from(fraction.len()).ok()?;
        Some(Self { negative, digits, exponent: exponent.checked_add(shift)? })
    }

    /// The value times a thousand, rounded to the nearest whole number, halves away from zero.
    ///
    /// `None` if that does not fit into 64 bits.
    pub fn to_thousandths(&self) -> Option<i64> {
        /// More digits than any number has whose thousandfold fits into 64 bits.
        const LONGEST: i64 = 20;
        let digits = i64::try_from(self.digits.len()).ok()?;
        let scale = self.exponent.checked_add(3)?;
        if digits.checked_add(scale)? > LONGEST {
            return None;
        }
        let whole_digits = usize::try_from((digits + scale.min(0)).max(0)).ok()?;
        let (whole, rest) = self.digits.split_at(whole_digits);
        let mut magnitude: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        if scale > 0 {
            magnitude *= 10_i128.pow(u32::try_from(scale).ok()?);
        } else if digits + scale >= 0 && rest.bytes().next().is_some_and(|digit| digit >= b'5') {
            magnitude += 1;
        }
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}e{}", self.digits, self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn text(number: &str) -> String {
        Decimal::parse(number).expect(number).to_string()
    }

    #[test]
    fn notations_of_one_number_are_one_value() {
        for same in [
            ["1482952459.257", "1.482952459257E9"],
            ["1482952459.257", "1482952459257e-3"],
            ["1482952459.257", "0.1482952459257000e+10"],
            ["100", "1E2"],
            ["0", "-0.000e7"],
            ["-0.5", "-5e-1"],
        ] {
            assert_eq!(text(same[0]), text(same[1]), "{same:?}");
        }
    }

    #[test]
    fn numbers_that_a_float_would_merge_stay_apart() {
        assert_ne!(text("9007199254740993"), text("9007199254740992"));
        assert_ne!(text("0.1"), text("0.1000000000000000055"));
    }

    #[test]
    fn rounds_to_thousandths_with_halves_away_from_zero() {
        for (number, thousandths) in [
            ("1482952459.257", Some(1_482_952_459_257)),
            ("1.482952459257E9", Some(1_482_952_459_257)),
            ("1482952459", Some(1_482_952_459_000)),
            ("0.0004", Some(0)),
            ("0.0005", Some(1)),
            ("-0.0005", Some(-1)),
            ("0.00049999", Some(0)),
            ("0.00005", Some(0)),
            ("-1.5", Some(-1500)),
            ("0", Some(0)),
            ("1e400", None),
            ("1e-400", Some(0)),
            ("99999999999999999999", None),
        ] {
            let decimal = Decimal::parse(number).expect(number);
            assert_eq!(decimal.to_thousandths(), thousandths, "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1e", "1e99999999999999999999", "abc", "1.2.3", "+1", "0x10"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
