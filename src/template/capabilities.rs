//! What a caller must acknowledge before CloudFormation takes a template.

use super::value::is_written;
use crate::schema::serverless;
use crate::semantics::model::Resource;
use crate::semantics::value::Value;

/// Types that need `CAPABILITY_IAM`, and the property that names one, where it has one. Sorted.
///
/// The list is that of `Capabilities` in the reference of `CreateStack`. The `PolicyName` of an
/// inline policy, and the user or group of a membership, name nothing of the account.
const IAM: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

/// The least that covers these resources, sorted. `CAPABILITY_NAMED_IAM` includes `CAPABILITY_IAM`.
pub(super) fn infer(resources: &[Resource], transforms: bool, body: &str) -> Vec<&'static str> {
    let serverless = resources.iter().any(|r| serverless::is_serverless(r.ty.as_str()));
    // Only `raw` and existing templates write it, and a text that happens to hold it asks for no more than it could.
    let expands = serverless || transforms || body.contains("\"Fn::Transform\":");
    expands.then_some("CAPABILITY_AUTO_EXPAND").into_iter().chain(iam(resources)).collect()
}

/// What roles, policies and users need, also those that SAM makes.
fn iam(resources: &[Resource]) -> Option<&'static str> {
    let mut iam = resources.iter().any(|r| serverless::makes_roles(r.ty.as_str()));
    for resource in resources.iter().filter(|r| r.ty.as_str().starts_with("AWS::IAM::")) {
        let Some((_, name)) = IAM.iter().find(|(ty, _)| *ty == resource.ty.as_str()) else { continue };
        if name.is_some_and(|name| is_set(&resource.properties, name)) {
            return Some("CAPABILITY_NAMED_IAM");
        }
        iam = true;
    }
    iam.then_some("CAPABILITY_IAM")
}

fn is_set(properties: &Value, name: &str) -> bool {
    let Value::Object(object) = properties else { return false };
    object.iter().any(|(key, value)| key.as_str() == name && is_written(value))
}
