//! Identifiers made by hashing what they stand for, so that equal runs give equal worlds.

use sha2::{Digest, Sha256};

/// Lower-case hexadecimal of the SHA-256 of the parts; a zero byte keeps neighbours apart.
pub(crate) fn hex(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A UUID-shaped identifier.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let hex = hex(parts);
    let cut = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32))
}

/// The first letters of the hash.
pub(crate) fn short(parts: &[&str], length: usize) -> String {
    hex(parts).get(..length).unwrap_or_default().to_owned()
}

/// Capital letters and digits, as AWS makes them for names and user ids.
pub(crate) fn capitals(parts: &[&str], length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([1]);
    }
    let bytes = hash.finalize();
    bytes
        .iter()
        .cycle()
        .take(length)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect()
}
