//! Writes zip archives that depend on nothing but names, modes and contents.
//!
//! By PKWARE's APPNOTE 6.3. Only what packages need: at most 65,535 files and 4 GiB, so none of the 64 bit extensions.

use miniz_oxide::deflate::compress_to_vec;

use crate::package::LARGEST;
use crate::world::MOST_ENTRIES;

const _: () = assert!(MOST_ENTRIES < 65_535 && LARGEST < 4_000_000_000);

/// Names are UTF-8: bit 11 of the flags.
const UTF8: u16 = 1 << 11;
/// 1 January 1980, the first day that a zip archive knows.
const DATE: u16 = (1 << 5) | 1;
/// Version 2.0: folders and deflate.
const VERSION: u16 = 20;
/// Made on Unix, which gives modes their meaning.
const MADE_BY: u16 = (3 << 8) | VERSION;
/// Of deflate, from 0 to 10: the usual middle.
const LEVEL: u8 = 6;

/// An archive in the making.
#[derive(Default)]
pub(super) struct Zip {
    out: Vec<u8>,
    /// The entries of the directory, which stands at the end.
    directory: Vec<u8>,
    files: u16,
}

impl Zip {
    /// Adds a file.
    pub(super) fn add(&mut self, path: &str, executable: bool, bytes: &[u8]) {
        let deflated = compress_to_vec(bytes, LEVEL);
        let (method, data) = if deflated.len() < bytes.len() { (8, &deflated[..]) } else { (0, bytes) };
        let mut header = Vec::with_capacity(26);
        put16(&mut header, &[VERSION, UTF8, method, 0, DATE]);
        put32(&mut header, &[crc32(bytes), short(data.len()), short(bytes.len())]);
        put16(&mut header, &[u16::try_from(path.len()).unwrap_or(u16::MAX), 0]);
        let at = short(self.out.len());
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&header);
        self.out.extend(path.as_bytes());
        self.out.extend(data);
        let mode: u32 = if executable { 0o100_755 } else { 0o100_644 };
        self.directory.extend(b"PK\x01\x02");
        put16(&mut self.directory, &[MADE_BY]);
        self.directory.extend(&header);
        // No comment, the first disk, no attributes of DOS.
        put16(&mut self.directory, &[0, 0, 0]);
        put32(&mut self.directory, &[mode << 16, at]);
        self.directory.extend(path.as_bytes());
        self.files = self.files.saturating_add(1);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let (at, length) = (short(self.out.len()), short(self.directory.len()));
        self.out.append(&mut self.directory);
        self.out.extend(b"PK\x05\x06");
        put16(&mut self.out, &[0, 0, self.files, self.files]);
        put32(&mut self.out, &[length, at]);
        put16(&mut self.out, &[0]);
        self.out
    }
}

fn put16(out: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

fn put32(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

/// Sizes fit: a package is smaller than 4 GiB.
fn short(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The checksum of zip archives: CRC-32 with the polynomial 0xEDB88320, four bits at a time.
fn crc32(bytes: &[u8]) -> u32 {
    const fn table() -> [u32; 16] {
        let mut table = [0; 16];
        let mut at = 0;
        while at < 16 {
            let mut value = at as u32;
            let mut bit = 0;
            while bit < 4 {
                value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            #[expect(clippy::indexing_slicing, reason = "`at` is below 16, and this runs while compiling")]
            {
                table[at] = value;
            }
            at += 1;
        }
        table
    }
    const TABLE: [u32; 16] = table();
    let step = |crc: u32| (crc >> 4) ^ TABLE.get((crc & 15) as usize).copied().unwrap_or_default();
    !bytes.iter().fold(!0, |crc, byte| step(step(crc ^ u32::from(*byte))))
}

#[cfg(test)]
mod tests {
    use super::{Zip, crc32};

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn an_archive_is_the_same_every_time_and_on_every_machine() {
        let made = || {
            let mut zip = Zip::default();
            zip.add("a.txt", false, b"hello");
            zip.add("bin/run", true, &[b'x'; 1000]);
            zip.finish()
        };
        assert_eq!(made(), made());
        assert!(made().len() < 400);
        assert_eq!(Zip::default().finish().len(), 22);
    }
}
