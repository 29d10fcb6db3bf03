//! Whether what a later text identifies is what a property asks for.

use crate::schema::Identifier;
use crate::semantics::fits;

/// Names of attributes that say nothing.
const GENERIC: [&str; 6] = ["Arn", "Id", "Name", "Ref", "Value", "Version"];

/// Whether a later text that identifies `given` may stand at `property`, which asks for `asked`.
///
/// Besides what both name, an attribute of the same telling name will do: the `VpcId` of a
/// subnet is that of a VPC, whether the schema relates them or not.
pub(super) fn fits(property: &str, asked: &[Identifier], given: &[Identifier]) -> bool {
    fits::meet(asked, given) || given.iter().any(|id| is_called(property, asked, last_part(id.attribute)))
}

fn is_called(property: &str, asked: &[Identifier], attribute: &str) -> bool {
    !GENERIC.contains(&attribute)
        && (attribute == property || asked.iter().any(|id| last_part(id.attribute) == attribute))
}

fn last_part(attribute: &str) -> &str {
    attribute.rsplit('.').next().unwrap_or(attribute)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::schema::Identifier;

    fn check(property: &str, asked: &'static str, given: &[&'static str]) -> bool {
        let id = |text: &'static str| {
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            Identifier { resource, attribute }
        };
        fits(property, &[id(asked)], &given.iter().map(|name| id(name)).collect::<Vec<_>>())
    }

    #[test]
    fn kin_fits_and_others_do_not() {
        let (vpc, subnet, role) = ("AWS::EC2::VPC.VpcId", "AWS::EC2::Subnet.SubnetId", "AWS::IAM::Role.RoleName");
        assert!(check("VpcId", vpc, &[vpc]));
        assert!(!check("VpcId", vpc, &[subnet]));
        assert!(!check("VpcId", vpc, &[]));
        assert!(check("VpcId", vpc, &["AWS::EC2::Subnet.VpcId"]));
        assert!(check("Vpc", vpc, &["AWS::X::Y.Network.VpcId"]));
        assert!(!check("Roles", role, &["AWS::IAM::Role.Arn"]));
        assert!(!check("Arn", "AWS::SQS::Queue.Arn", &["AWS::SNS::Topic.Arn"]));
    }
}
