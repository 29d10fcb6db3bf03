//! The layout of the two blobs, shared by the packer that writes them and the reader.
//!
//! `aws.hot.bin`, all numbers little-endian, nothing aligned:
//!
//! ```text
//! "INFS"  u16 version  u16 number of sections  (u32 offset, u32 length) per section
//! STRING_ENDS  u32 per string: where it ends in STRINGS; a string starts where the one before ends
//! STRINGS      UTF-8; the most used strings have the lowest numbers
//! NODE_ENDS    u32 per node: where its record ends in NODES
//! NODES        records of varints, each begins with a tag of `node`
//! TYPE_ENDS    u32 per resource type, sorted by name
//! TYPES        records of varints
//! PATTERNS     u32 per pattern: string number * 4 + how it is matched (`pattern`)
//! ```
//!
//! `aws.docs.bin`:
//!
//! ```text
//! "INFD"  u16 version  u16 zero  u32 number of types  u32 number of chunks
//! per type   u32 chunk, u32 offset, u32 length (of the inflated chunk; lines of `key TAB text`)
//! per chunk  u32 offset, u32 length, u32 inflated length
//! chunks     raw deflate
//! ```

/// First bytes of the hot blob.
pub const MAGIC: &[u8; 4] = b"INFS";
/// First bytes of the documentation blob.
pub const DOCS_MAGIC: &[u8; 4] = b"INFD";
/// Version of both layouts; a reader refuses any other.
pub const VERSION: u16 = 1;

/// Numbers of the sections.
pub mod section {
    /// Ends of strings.
    pub const STRING_ENDS: usize = 0;
    /// Text of all strings.
    pub const STRINGS: usize = 1;
    /// Ends of node records.
    pub const NODE_ENDS: usize = 2;
    /// Node records.
    pub const NODES: usize = 3;
    /// Ends of type records.
    pub const TYPE_ENDS: usize = 4;
    /// Type records.
    pub const TYPES: usize = 5;
    /// Patterns.
    pub const PATTERNS: usize = 6;
    /// How many there are.
    pub const COUNT: usize = 7;
}

/// Tags of node records, and the bits of the byte that follows some of them.
pub mod node {
    /// Nothing follows.
    pub const JSON: u8 = 0;
    /// Nothing follows.
    pub const BOOL: u8 = 1;
    /// Bits; pattern, min, max, values, identifiers as the bits say.
    pub const STRING: u8 = 2;
    /// Bits; min, max (f64), values (f64 each).
    pub const INT: u8 = 3;
    /// Like `INT`.
    pub const NUMBER: u8 = 4;
    /// Bits; item; min, max.
    pub const ARRAY: u8 = 5;
    /// Bits; key pattern; value.
    pub const MAP: u8 = 6;
    /// Number of members; members.
    pub const UNION: u8 = 7;
    /// Target.
    pub const ALIAS: u8 = 8;
    /// Name; bits; properties (name, node, flags); groups.
    pub const OBJECT: u8 = 9;

    /// There is a lower bound.
    pub const MIN: u64 = 1;
    /// There is an upper bound.
    pub const MAX: u64 = 2;
    /// There is a list of values.
    pub const VALUES: u64 = 4;
    /// There is a pattern (of a string, of the keys of a map).
    pub const PATTERN: u64 = 8;
    /// There are identifiers.
    pub const IDENTIFIES: u64 = 16;
    /// The values ignore case.
    pub const IGNORE_CASE: u64 = 32;
    /// The values are advice.
    pub const ADVICE: u64 = 64;
    /// No item twice.
    pub const UNIQUE: u64 = 128;
    /// Other keys are allowed.
    pub const OPEN: u64 = 256;
}

/// Flags of a property.
pub mod property {
    /// Must be given.
    pub const REQUIRED: u64 = 1;
    /// Set by AWS.
    pub const READ_ONLY: u64 = 2;
    /// Never given back.
    pub const WRITE_ONLY: u64 = 4;
    /// AWS advises against it.
    pub const DEPRECATED: u64 = 8;
    /// A change may replace.
    pub const MAY_REPLACE: u64 = 16;
    /// A change replaces.
    pub const REPLACES: u64 = 32;
}

/// Kinds of constraint groups.
pub mod group {
    /// Sets of keys.
    pub const ONE_OF: u64 = 0;
    /// Sets of keys.
    pub const ANY_OF: u64 = 1;
    /// Keys.
    pub const EXACTLY_ONE: u64 = 2;
    /// Keys.
    pub const AT_LEAST_ONE: u64 = 3;
    /// Key; keys.
    pub const NEEDS: u64 = 4;
    /// Key; keys.
    pub const EXCLUDES: u64 = 5;
    /// Pairs of key lists.
    pub const VARIANTS: u64 = 6;
}

/// Flags of a resource type, and the shapes of its tags.
pub mod resource {
    /// Loses data when it goes.
    pub const STATEFUL: u64 = 1;
    /// Any attribute name.
    pub const OPEN_ATTRIBUTES: u64 = 2;
    /// Nothing updates it in place.
    pub const NO_UPDATE: u64 = 4;
    /// Deleted before it is created anew.
    pub const DELETE_FIRST: u64 = 8;
    /// From the old specification.
    pub const LEGACY: u64 = 16;
    /// `Ref` is one property or attribute, which follows.
    pub const REF_KNOWN: u64 = 32;
    /// A tag property and its shape follow.
    pub const TAGS: u64 = 64;
    /// An ARN template follows.
    pub const ARN: u64 = 128;
    /// A lifecycle state and a date (empty where unknown) follow.
    pub const LIFECYCLE: u64 = 256;
    /// `Ref` returns it only in some cases: read the attribute instead.
    pub const PREFER_ATTRIBUTE: u64 = 512;

    /// List of `Key` and `Value`.
    pub const TAG_LIST: u64 = 0;
    /// Map.
    pub const TAG_MAP: u64 = 1;
    /// List with `PropagateAtLaunch`.
    pub const TAG_AUTO_SCALING: u64 = 2;
}

/// How a pattern is matched.
pub mod pattern {
    /// As ECMAScript reads it.
    pub const PLAIN: u32 = 0;
    /// As ECMAScript reads it with its `u` flag.
    pub const UNICODE: u32 = 1;
    /// In linear time, because it would backtrack without end.
    pub const LINEAR: u32 = 2;
}
