//! Blocks of addresses, IPv4 and IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses. The bits after the prefix are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    family: Family,
    first: u128,
    prefix: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl Block {
    /// Reads `10.0.0.0/16` or `2001:db8::/56`.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |why: &str| Err((format!("`{text}` {why}"), "write a block such as `10.0.0.0/16`".to_owned()));
        let Some((address, prefix)) = text.split_once('/') else {
            return wrong("has no prefix length");
        };
        let (family, first) = match address.parse() {
            Ok(IpAddr::V4(address)) => (Family::V4, u128::from(u32::from(address))),
            Ok(IpAddr::V6(address)) => (Family::V6, u128::from(address)),
            Err(_) => return wrong("does not start with an address"),
        };
        let prefix = match prefix.parse::<u32>() {
            Ok(length) if length <= family.bits() && prefix == length.to_string() => length,
            _ => return wrong("has a prefix length that its family of addresses does not have"),
        };
        let block = Self { family, first: first & !ones(family.bits() - prefix), prefix };
        if block.first == first {
            Ok(block)
        } else {
            Err((format!("`{text}` has bits set after its prefix"), format!("write `{block}`")))
        }
    }

    /// Bits after the prefix.
    pub(super) fn host_bits(self) -> u32 {
        self.family.bits() - self.prefix
    }

    /// Length of the prefix.
    pub(super) fn prefix(self) -> u32 {
        self.prefix
    }

    /// The block number `index` among those whose prefix is `prefix` long; `None` where there is none.
    pub(super) fn part(self, prefix: u32, index: u128) -> Option<Self> {
        if prefix < self.prefix || prefix > self.family.bits() || index > ones(prefix - self.prefix) {
            return None;
        }
        let offset = index.checked_shl(self.family.bits() - prefix).unwrap_or(0);
        Some(Self { first: self.first | offset, prefix, ..self })
    }

    /// How many blocks with that prefix fit, as a number one too small; for messages.
    pub(super) fn last_part(self, prefix: u32) -> u128 {
        ones(prefix.saturating_sub(self.prefix))
    }

    /// The address number `index`; a negative one counts from the end.
    pub(super) fn host(self, index: i64) -> Option<String> {
        let last = ones(self.host_bits());
        let offset = if index < 0 {
            last.checked_sub(u128::from(index.unsigned_abs()) - 1)?
        } else {
            Some(u128::from(index.unsigned_abs())).filter(|at| *at <= last)?
        };
        Some(self.address(self.first | offset))
    }

    fn address(self, bits: u128) -> String {
        match self.family {
            Family::V4 => Ipv4Addr::from(u32::try_from(bits).unwrap_or(u32::MAX)).to_string(),
            Family::V6 => Ipv6Addr::from(bits).to_string(),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(self.first), self.prefix)
    }
}

/// A number whose lowest `count` bits are set.
fn ones(count: u32) -> u128 {
    1u128.checked_shl(count).map_or(u128::MAX, |one| one - 1)
}
