//! One-line documentation, inflated a chunk at a time and only for people.

use std::sync::OnceLock;

use super::format;
use super::read::u32_at;

/// The documentation blob and the chunks inflated so far.
pub(super) struct Docs {
    bytes: &'static [u8],
    types: usize,
    chunks: Vec<OnceLock<String>>,
}

/// Magic, version, two counts.
const HEAD: usize = 16;

/// No chunk inflates beyond this, whatever a damaged blob says.
const MOST: usize = 4 << 20;

impl Docs {
    pub(super) fn open(bytes: &'static [u8]) -> Option<Self> {
        let head = bytes.strip_prefix(format::DOCS_MAGIC)?;
        if u16::from_le_bytes(head.get(..2)?.try_into().ok()?) != format::VERSION {
            return None;
        }
        let types = usize::try_from(u32_at(bytes, 2)?).ok()?;
        let chunks = usize::try_from(u32_at(bytes, 3)?).ok()?;
        // The index has twelve bytes per chunk, so a damaged count is seen here.
        bytes.get(HEAD..)?.get(..types.checked_add(chunks)?.checked_mul(12)?)?;
        Some(Self { bytes, types, chunks: (0..chunks).map(|_| OnceLock::new()).collect() })
    }

    pub(super) fn empty() -> Self {
        Self { bytes: &[], types: 0, chunks: Vec::new() }
    }

    /// The line of the `key` of the type at `position`.
    pub(super) fn line(&self, position: usize, key: &str) -> Option<&str> {
        self.lines(position)?.find_map(|(k, text)| (k == key).then_some(text))
    }

    /// Every key and line of the type at `position`, sorted by key.
    pub(super) fn lines(&self, position: usize) -> Option<impl Iterator<Item = (&str, &str)>> {
        let [chunk, start, len] = self.entry(position)?;
        let block = self.chunk(chunk)?.get(start..start.checked_add(len)?)?;
        Some(block.lines().filter_map(|line| line.split_once('\t')))
    }

    /// Three numbers of the index: of a type, or after those of a chunk.
    fn entry(&self, row: usize) -> Option<[usize; 3]> {
        let rows = self.bytes.get(HEAD..)?;
        let at = |i| usize::try_from(u32_at(rows, row.checked_mul(3)?.checked_add(i)?)?).ok();
        Some([at(0)?, at(1)?, at(2)?])
    }

    fn chunk(&self, number: usize) -> Option<&str> {
        let slot = self.chunks.get(number)?;
        if slot.get().is_none() {
            let _ = slot.set(self.inflate(number)?);
        }
        slot.get().map(String::as_str)
    }

    fn inflate(&self, number: usize) -> Option<String> {
        let [start, len, inflated] = self.entry(self.types.checked_add(number)?)?;
        let bytes = self.bytes.get(start..start.checked_add(len)?)?;
        let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, inflated.min(MOST)).ok()?;
        String::from_utf8(bytes).ok()
    }
}
