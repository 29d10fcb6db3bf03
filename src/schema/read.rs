//! Reads the hot blob in place; what was decoded once is kept.

use std::sync::{Arc, OnceLock};

use super::docs::Docs;
use super::format::{self, section};
use super::{Node, Pattern, ResourceType, decode};

/// The blobs and what has been decoded of them.
pub(super) struct Reader {
    pub(super) blob: Blob,
    pub(super) docs: Docs,
    nodes: Kept<Node>,
    resources: Kept<ResourceType>,
    patterns: Kept<Arc<Pattern>>,
}

/// What a node that cannot be decoded counts as: nothing is refused because of it.
pub(super) static ANYTHING: Node = Node::Json;

/// Aliases never point at aliases; the limit keeps a damaged blob from turning in a circle.
pub(super) const ALIAS_HOPS: usize = 4;

impl Reader {
    pub(super) fn open(hot: &'static [u8], docs: &'static [u8]) -> Option<Self> {
        let blob = Blob::open(hot)?;
        Some(Self {
            nodes: Kept::new(blob.count(section::NODE_ENDS)),
            resources: Kept::new(blob.count(section::TYPE_ENDS)),
            patterns: Kept::new(blob.count(section::PATTERNS)),
            docs: Docs::open(docs)?,
            blob,
        })
    }

    pub(super) fn empty() -> Self {
        Self {
            blob: Blob { sections: [&[]; section::COUNT] },
            docs: Docs::empty(),
            nodes: Kept::new(0),
            resources: Kept::new(0),
            patterns: Kept::new(0),
        }
    }

    pub(super) fn resources(&self) -> usize {
        self.resources.len
    }

    pub(super) fn nodes(&self) -> usize {
        self.nodes.len
    }

    pub(super) fn decoded_nodes(&self) -> usize {
        self.nodes.filled()
    }

    /// Where the type of that name stands.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.resources());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle)?.cmp(name) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Name of the type at `position`.
    pub(super) fn name(&self, position: usize) -> Option<&'static str> {
        Cursor { bytes: self.blob.record(section::TYPE_ENDS, section::TYPES, position)?, blob: &self.blob }.string()
    }

    pub(super) fn resource(&self, position: usize) -> Option<&ResourceType> {
        self.resources.get(position, || {
            let bytes = self.blob.record(section::TYPE_ENDS, section::TYPES, position)?;
            decode::resource(&mut Cursor { bytes, blob: &self.blob })
        })
    }

    /// The node itself, an alias as an alias.
    pub(super) fn raw(&self, id: u32) -> Option<&Node> {
        let position = usize::try_from(id).ok()?;
        self.nodes.get(position, || {
            let bytes = self.blob.record(section::NODE_ENDS, section::NODES, position)?;
            decode::node(&mut Cursor { bytes, blob: &self.blob }, &|pattern| self.pattern(pattern))
        })
    }

    pub(super) fn node(&self, id: u32) -> &Node {
        let mut id = id;
        for _ in 0..ALIAS_HOPS {
            match self.raw(id) {
                Some(Node::Alias(target)) => id = target.0,
                Some(node) => return node,
                None => break,
            }
        }
        &ANYTHING
    }

    fn pattern(&self, number: u64) -> Option<Arc<Pattern>> {
        let position = usize::try_from(number).ok()?;
        self.patterns
            .get(position, || {
                let packed = self.blob.u32(section::PATTERNS, position)?;
                Some(Arc::new(Pattern::new(self.blob.string(packed >> 2)?, packed & 3)))
            })
            .cloned()
    }
}

/// Values that are made when first asked for.
///
/// They lie in pages that are made on demand too, so that opening the table touches next to nothing.
struct Kept<T> {
    len: usize,
    pages: Vec<OnceLock<Vec<OnceLock<T>>>>,
}

const PAGE: usize = 16;

impl<T> Kept<T> {
    fn new(len: usize) -> Self {
        Self { len, pages: (0..len.div_ceil(PAGE)).map(|_| OnceLock::new()).collect() }
    }

    fn get(&self, position: usize, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        let page = self.pages.get(position / PAGE)?.get_or_init(|| (0..PAGE).map(|_| OnceLock::new()).collect());
        let slot = page.get(position % PAGE)?;
        if slot.get().is_none() {
            // Two threads may both make it; they make the same, and one of the two is kept.
            let _ = slot.set(make()?);
        }
        slot.get()
    }

    fn filled(&self) -> usize {
        self.pages.iter().filter_map(OnceLock::get).flatten().filter(|slot| slot.get().is_some()).count()
    }
}

/// The bytes of the hot blob and where its sections lie.
pub(super) struct Blob {
    sections: [&'static [u8]; section::COUNT],
}

impl Blob {
    fn open(bytes: &'static [u8]) -> Option<Self> {
        let head = bytes.strip_prefix(format::MAGIC)?;
        if u16::from_le_bytes(head.get(..2)?.try_into().ok()?) != format::VERSION {
            return None;
        }
        let table = head.get(4..)?;
        let mut sections: [&'static [u8]; section::COUNT] = [&[]; section::COUNT];
        for (i, place) in sections.iter_mut().enumerate() {
            let start = usize::try_from(u32_at(table, 2 * i)?).ok()?;
            let len = usize::try_from(u32_at(table, 2 * i + 1)?).ok()?;
            *place = bytes.get(start..start.checked_add(len)?)?;
        }
        Some(Self { sections })
    }

    fn section(&self, section: usize) -> &'static [u8] {
        self.sections.get(section).copied().unwrap_or_default()
    }

    fn count(&self, section: usize) -> usize {
        self.section(section).len() / 4
    }

    fn u32(&self, section: usize, index: usize) -> Option<u32> {
        u32_at(self.section(section), index)
    }

    fn record(&self, ends: usize, records: usize, index: usize) -> Option<&'static [u8]> {
        let start = if index == 0 { 0 } else { self.u32(ends, index - 1)? };
        let end = self.u32(ends, index)?;
        self.section(records).get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    pub(super) fn string(&self, number: u32) -> Option<&'static str> {
        let bytes = self.record(section::STRING_ENDS, section::STRINGS, usize::try_from(number).ok()?)?;
        std::str::from_utf8(bytes).ok()
    }
}

/// The `index`-th little-endian number of `bytes`.
pub(super) fn u32_at(bytes: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(4)?;
    Some(u32::from_le_bytes(bytes.get(start..start.checked_add(4)?)?.try_into().ok()?))
}

/// Reads a record from its start to its end.
pub(super) struct Cursor<'b> {
    bytes: &'static [u8],
    blob: &'b Blob,
}

impl Cursor<'_> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        let (number, rest) = self.bytes.split_first_chunk::<8>()?;
        self.bytes = rest;
        Some(f64::from_le_bytes(*number))
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    pub(super) fn string(&mut self) -> Option<&'static str> {
        let number = self.number()?;
        self.blob.string(number)
    }

    /// A count, then that many items.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.varint()?).ok()?;
        // Every item takes a byte at least, so a damaged count cannot reserve much.
        let mut items = Vec::with_capacity(count.min(self.bytes.len()));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Some(items)
    }

    /// Nothing is left.
    pub(super) fn done(&self) -> Option<()> {
        self.bytes.is_empty().then_some(())
    }
}
