//! Functions of address blocks and availability zones.

use std::sync::Arc;

use super::{Args, Block, Function, Kind, Outcome, Parameter, later, list, text};
use crate::diagnostics::Diagnostic;
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};

const BLOCK: Parameter = Parameter::new("block", Kind::Text);
const BITS: Parameter = Parameter::new("bits", Kind::Int).optional();
const INDEX: Parameter = Parameter::new("index", Kind::Int);
const COUNT: Parameter = Parameter::new("count", Kind::Int);
const PREFIX: Parameter = Parameter::new("prefix", Kind::Int).optional();

pub(super) const TABLE: &[Function] = &[
    Function::new(
        "cidr_subnet",
        &[BLOCK.later(), BITS, INDEX, PREFIX],
        "Cidr",
        "Block number `index` among the blocks whose prefix is `bits` longer, or `prefix` long.",
        cidr_subnet,
    ),
    Function::new(
        "cidr_subnets",
        &[BLOCK.later(), BITS, COUNT, PREFIX],
        "[Cidr]",
        "The first `count` blocks whose prefix is `bits` longer, or `prefix` long.",
        cidr_subnets,
    ),
    Function::new(
        "cidr_host",
        &[BLOCK, INDEX],
        "String",
        "Address number `index` of the block; negative numbers count from the end.",
        cidr_host,
    ),
    Function::new("zone", &[INDEX], "String", "Availability zone number `index` of the region, from 0.", zone),
    Function::new(
        "zones",
        &[Parameter::new("count", Kind::Int).optional()],
        "[String]",
        "The first `count` availability zones of the region, or all.",
        zones,
    ),
];

/// No region has more zones.
const MOST_ZONES: i64 = 16;
/// `Fn::Cidr` makes no more blocks.
const MOST_LATER_BLOCKS: u32 = 256;

fn block(args: &Args<'_>) -> Result<Block, Box<Diagnostic>> {
    Block::parse(args.text(0)).map_err(|(message, help)| args.bad(0, message, help))
}

/// The length of the prefix that is asked for, of parts of `whole`.
fn part_prefix(args: &Args<'_>, whole: Block) -> Result<u32, Box<Diagnostic>> {
    let (position, asked) = match (args.int(1), args.int(3)) {
        (Some(bits), None) => (1, i64::from(whole.prefix()).saturating_add(bits)),
        (None, Some(prefix)) => (3, prefix),
        _ => return Err(either(args)),
    };
    let range = whole.prefix()..=whole.prefix() + whole.host_bits();
    u32::try_from(asked).ok().filter(|prefix| range.contains(prefix)).ok_or_else(|| {
        let message = format!("`{whole}` has no parts with a prefix of {asked} bits");
        let help = match position {
            1 => format!("use from 0 to {} bits", whole.host_bits()),
            _ => format!("use a prefix from {} to {}", range.start(), range.end()),
        };
        args.out_of_range(position, message, help)
    })
}

fn either(args: &Args<'_>) -> Box<Diagnostic> {
    let message = format!("`{}` takes either `bits` or `prefix`", args.name());
    args.bad(1, message, "say how many `bits` longer the prefix becomes, or how long the `prefix` is")
}

/// Count and host bits for `Fn::Cidr`, of a block that is known only when deploying.
fn later_parts(args: &Args<'_>, whole: &Later, count: i64) -> Result<(u32, u32), Box<Diagnostic>> {
    later::scalar(args, 0, whole)?;
    let Some(prefix) = args.int(3) else {
        let problem = args.too_late("block", whole, args.span_of(0));
        return Err(Box::new(problem.help("say how long the prefix of a part is: `prefix: 24`")));
    };
    if args.int(1).is_some() {
        return Err(either(args));
    }
    // No IPv4 prefix is longer than 32 bits, and AWS gives no IPv6 block shorter than 44.
    let host_bits = match u32::try_from(prefix) {
        Ok(prefix @ 1..=31) => 32 - prefix,
        Ok(prefix @ 44..=127) => 128 - prefix,
        _ => {
            let message = format!("no block of a VPC has parts with a prefix of {prefix} bits");
            return Err(args.out_of_range(3, message, "use a prefix such as 24, or 64 for IPv6"));
        }
    };
    match u32::try_from(count) {
        Ok(count) if (1..=MOST_LATER_BLOCKS).contains(&count) => Ok((count, host_bits)),
        _ => {
            let message = format!("`{}` makes 1 to {MOST_LATER_BLOCKS} parts of a later block", args.name());
            Err(args.out_of_range(2, message, "use a smaller number, or a block known while compiling"))
        }
    }
}

fn parts_of(args: &Args<'_>, whole: &Later, count: u32, host_bits: u32) -> Arc<Later> {
    let item = Box::new(LaterType::String(Vec::new()));
    Arc::new(Later {
        expr: LaterExpr::Cidr(args.value(0).clone(), count, host_bits),
        ty: LaterType::List(item, usize::try_from(count).ok()),
        origin: whole.origin,
        secret: whole.secret,
    })
}

fn cidr_subnet(args: &Args<'_>) -> Outcome {
    let index = args.int(2).unwrap_or(0);
    if let Value::Later(whole) = args.value(0) {
        let (count, host_bits) = later_parts(args, whole, index.saturating_add(1))?;
        let at = usize::try_from(index).unwrap_or(0);
        return Ok(parts_of(args, whole, count, host_bits).item(at).unwrap_or(Value::Unknown));
    }
    let whole = block(args)?;
    let prefix = part_prefix(args, whole)?;
    match u128::try_from(index).ok().and_then(|index| whole.part(prefix, index)) {
        Some(part) => Ok(text(part.to_string())),
        None => Err(no_part(args, whole, prefix, index)),
    }
}

fn no_part(args: &Args<'_>, whole: Block, prefix: u32, index: i64) -> Box<Diagnostic> {
    let message = format!("`{whole}` has no part number {index} with a prefix of {prefix} bits");
    args.out_of_range(2, message, format!("use a number from 0 to {}", whole.last_part(prefix)))
}

fn cidr_subnets(args: &Args<'_>) -> Outcome {
    let count = args.int(2).unwrap_or(0);
    if let Value::Later(whole) = args.value(0) {
        let (count, host_bits) = later_parts(args, whole, count)?;
        return Ok(Value::Later(parts_of(args, whole, count, host_bits)));
    }
    let whole = block(args)?;
    let prefix = part_prefix(args, whole)?;
    let most = whole.last_part(prefix).saturating_add(1);
    let fits = u128::try_from(count).is_ok_and(|count| count <= most);
    if !fits || usize::try_from(count).is_ok_and(|count| count > super::LONGEST_LIST) {
        let message = format!("`{whole}` has no {count} parts with a prefix of {prefix} bits");
        let most = most.min(super::LONGEST_LIST as u128);
        return Err(args.out_of_range(2, message, format!("use a number from 0 to {most}")));
    }
    let parts = (0..u128::try_from(count).unwrap_or(0)).filter_map(|index| whole.part(prefix, index));
    Ok(list(parts.map(|part| text(part.to_string()))))
}

fn cidr_host(args: &Args<'_>) -> Outcome {
    let (whole, index) = (block(args)?, args.int(1).unwrap_or(0));
    whole.host(index).map(text).ok_or_else(|| {
        let message = format!("`{whole}` has no address number {index}");
        args.out_of_range(1, message, "use a number within the block")
    })
}

fn zone_count(args: &Args<'_>, wanted: i64) -> Result<usize, Box<Diagnostic>> {
    usize::try_from(wanted).ok().filter(|_| wanted <= MOST_ZONES).ok_or_else(|| {
        let message = format!("no region has {wanted} availability zones");
        args.out_of_range(0, message, "use a small number from 0; most regions have 3 zones")
    })
}

fn all_zones(args: &Args<'_>, count: Option<usize>) -> Arc<Later> {
    Arc::new(Later {
        expr: LaterExpr::Zones,
        ty: LaterType::List(Box::new(LaterType::String(Vec::new())), count),
        origin: args.span,
        secret: false,
    })
}

fn zone(args: &Args<'_>) -> Outcome {
    let index = args.int(0).unwrap_or(0);
    let at = zone_count(args, index).ok().filter(|_| index < MOST_ZONES).ok_or_else(|| {
        let message = format!("no region has an availability zone number {index}");
        args.out_of_range(0, message, "use a small number from 0; most regions have 3 zones")
    })?;
    Ok(all_zones(args, None).item(at).unwrap_or(Value::Unknown))
}

/// A number of them is taken one by one: all zones of the region may be more.
fn zones(args: &Args<'_>) -> Outcome {
    match args.int(0) {
        None => Ok(Value::Later(all_zones(args, None))),
        Some(count) => {
            let count = zone_count(args, count)?;
            let all = all_zones(args, None);
            Ok(list((0..count).filter_map(|at| all.item(at))))
        }
    }
}
