//! A checkpoint: what is read is what is printed, and what is printed is what stands there.

use handshake_archive::archive::Checkpoint;

/// Holds what [`Checkpoint::parse`] makes of a text against the text.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.lines().take(3).map(str::trim_end).collect();
    let normal = format!("{}\n", lines.join("\n"));
    match Checkpoint::parse(&text) {
        Ok(checkpoint) => {
            let printed = checkpoint.to_string();
            assert_eq!(printed, normal, "the very lines");
            assert!(is_checkpoint(&lines));
            assert_eq!(Checkpoint::parse(&printed), Ok(checkpoint));
        }
        Err(why) => assert!(!is_checkpoint(&lines), "{text:?} was refused: {why}"),
    }
}

/// What `checkpoint.rs` says of the form.
fn is_checkpoint(lines: &[&str]) -> bool {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let [origin, sequence, digest] = lines else { return false };
    let is_number = sequence.parse::<i64>().is_ok_and(|n| n >= 0 && n.to_string() == *sequence);
    origin.strip_prefix("handshake-archive/").is_some_and(|id| is_hex(id, 32))
        && is_number
        && is_hex(digest, 64)
}
