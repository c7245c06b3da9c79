//! A value of a row, and the text of the values that are not text.

use std::fmt::Write;

use rusqlite::types::ValueRef;

/// A value as SQLite holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number. SQLite keeps infinities, and turns NaN into NULL.
    Real(f64),
    /// Text. SQLite does not see to it that it is UTF-8, and it may hold NUL.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> From<ValueRef<'a>> for Value<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(integer) => Self::Integer(integer),
            ValueRef::Real(real) => Self::Real(real),
            ValueRef::Text(text) => Self::Text(text),
            ValueRef::Blob(blob) => Self::Blob(blob),
        }
    }
}

/// The shortest decimal that reads back as the same number. It has a fraction or an exponent, so
/// that it cannot be taken for an integer, and is also a number in JSON, unless it is `Infinity`,
/// `-Infinity` or `NaN`.
pub(super) fn real_text(real: f64) -> String {
    if real.is_nan() {
        "NaN".to_owned()
    } else if real.is_infinite() {
        if real > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{real:?}")
    }
}

/// Lower-case hexadecimal, two digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Value, hex, real_text};

    #[test]
    fn each_type_of_sqlite_arrives_as_itself() {
        let sql =
            "SELECT NULL, 9223372036854775807, 9e999, 'a' || char(0), CAST(x'ff' AS TEXT), x'00ff'";
        let seen = Connection::open_in_memory()
            .unwrap()
            .query_row(sql, [], |row| {
                let mut seen = Vec::new();
                for index in 0..6 {
                    seen.push(format!("{:?}", Value::from(row.get_ref(index)?)));
                }
                Ok(seen)
            })
            .unwrap();
        let expected = [
            Value::Null,
            Value::Integer(i64::MAX),
            Value::Real(f64::INFINITY),
            Value::Text(b"a\0"),
            Value::Text(b"\xff"),
            Value::Blob(b"\x00\xff"),
        ];
        assert_eq!(seen, expected.map(|value| format!("{value:?}")));
    }

    #[test]
    fn a_real_reads_back_as_itself_and_never_as_an_integer() {
        for (real, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(real_text(real), text);
        }
    }

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(b"\x00\x0f\xf0\xff"), "000ff0ff");
        assert_eq!(hex(b""), "");
    }
}
