//! Text that looks drawn at random and is the same in every run: handshake ids, page tokens, request ids.

/// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
pub(crate) fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seed made of text, so that two organizations do not share their handshake ids (FNV-1a, 64 bits).
pub(crate) fn seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// `length` lowercase letters and digits that follow from `seed` alone.
pub(crate) fn text(seed: u64, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut word = seed;
    (0..length)
        .map(|_| {
            word = mix(word);
            char::from(ALPHABET[(word % 36) as usize])
        })
        .collect()
}
