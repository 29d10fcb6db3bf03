//! `Fn::Cidr`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Cuts `count` blocks of `2^bits` addresses out of a block; 8 bits where none are given.
pub(super) fn cidr(block: &str, count: &str, bits: Option<&str>) -> Result<Vec<String>, String> {
    let bad = || format!("Template error: Fn::Cidr cannot cut {count} blocks out of {block}");
    let (address, prefix) = block.split_once('/').ok_or_else(bad)?;
    let prefix: u32 = prefix.parse().map_err(|_| bad())?;
    let count: u128 = count.parse().ok().filter(|count| (1..=256).contains(count)).ok_or_else(bad)?;
    let bits: u32 = bits.map_or(Ok(8), |bits| bits.parse().map_err(|_| bad()))?;
    let v4 = address.parse::<Ipv4Addr>().ok();
    let (start, width): (u128, u32) = match v4 {
        Some(address) => (u128::from(u32::from(address)), 32),
        None => (u128::from(address.parse::<Ipv6Addr>().map_err(|_| bad())?), 128),
    };
    let host = width.checked_sub(prefix).ok_or_else(bad)?;
    let room = if host == 128 { u128::MAX } else { 1 << host };
    let size = 1_u128.checked_shl(bits).filter(|_| bits <= host && bits < 128).ok_or_else(bad)?;
    if size.checked_mul(count).is_none_or(|needed| needed > room) {
        return Err(bad());
    }
    let start = start & !(room.wrapping_sub(1));
    let name = |address: u128| match v4 {
        Some(_) => u32::try_from(address).map(|address| Ipv4Addr::from(address).to_string()).unwrap_or_default(),
        None => Ipv6Addr::from(address).to_string(),
    };
    Ok((0..count).map(|at| format!("{}/{}", name(start + at * size), width - bits)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::cidr;

    #[test]
    fn cuts_blocks() {
        assert_eq!(cidr("10.0.0.0/16", "3", Some("8")).unwrap(), ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]);
        assert_eq!(cidr("10.0.0.0/24", "2", Some("5")).unwrap(), ["10.0.0.0/27", "10.0.0.32/27"]);
        assert_eq!(cidr("fd00::/56", "2", Some("64")).unwrap(), ["fd00::/64", "fd00:0:0:1::/64"]);
        for (block, count, bits) in
            [("10.0.0.0/24", "2", Some("8")), ("x/1", "1", None), ("10.0.0.0/99", "1", None), ("10.0.0.0/8", "0", None)]
        {
            assert!(cidr(block, count, bits).is_err());
        }
    }
}
