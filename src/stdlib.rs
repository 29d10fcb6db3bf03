//! The standard library: components and functions in the language itself, built in.

/// One file: its name, under which errors show it, and its text.
pub type File = (&'static str, &'static str);

/// Every file, sorted by name. Together they are one module, `std`.
pub const FILES: &[File] = &[("std:/names.infra", include_str!("../stdlib/names.infra"))];
