//! Blocks of IPv4 addresses in EC2, for which its schemas have no pattern.

use std::net::Ipv4Addr;

use super::{Asked, Walk};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// The properties that take such a block, and the shortest and longest prefix ("VPC CIDR blocks" and
/// "Subnet sizing" in the VPC user guide). Bits after the prefix may be set: EC2 clears them.
const BLOCKS: [(&str, &str, u8, u8); 8] = [
    ("AWS::EC2::NetworkAclEntry", "CidrBlock", 0, 32),
    ("AWS::EC2::Route", "DestinationCidrBlock", 0, 32),
    ("AWS::EC2::SecurityGroup", "CidrIp", 0, 32),
    ("AWS::EC2::SecurityGroupEgress", "CidrIp", 0, 32),
    ("AWS::EC2::SecurityGroupIngress", "CidrIp", 0, 32),
    ("AWS::EC2::Subnet", "CidrBlock", 16, 28),
    ("AWS::EC2::VPC", "CidrBlock", 16, 28),
    ("AWS::EC2::VPCCidrBlock", "CidrBlock", 16, 28),
];

impl Walk<'_, '_> {
    /// What is wrong with a block of addresses; `None` where none is asked for.
    pub(super) fn cidr_problem(&self, asked: Asked<'_>, text: &str, span: Span) -> Option<Diagnostic> {
        let resource = self.known?.name;
        let (_, _, shortest, longest) = BLOCKS.iter().find(|(ty, name, ..)| *ty == resource && *name == asked.name)?;
        let prefix = text.split_once('/').and_then(|(address, prefix)| {
            address.parse::<Ipv4Addr>().ok()?;
            prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32)
        });
        let message = format!("`\"{text}\"` is not a valid `{}`", asked.name);
        let problem = Diagnostic::new(Code::BadValue, message);
        match prefix {
            None => Some(problem.at(span, "no block of IPv4 addresses").help("write a block such as `10.0.0.0/16`")),
            Some(prefix) if !(*shortest..=*longest).contains(&prefix) => Some(
                problem
                    .at(span, format!("the prefix has {prefix} bits"))
                    .help(format!("use a prefix from /{shortest} to /{longest}")),
            ),
            Some(_) => None,
        }
    }
}
