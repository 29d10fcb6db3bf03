//! What SAM makes of its own resources, as far as a template may name it.
//!
//! `AWS::Serverless::Function` is no type of CloudFormation: the transform named in a template
//! turns it into a function, a role, permissions. A template may name those by the ids that SAM
//! gives them (`HelloRole`), or by a property of the resource they come from (`Hello.Alias`),
//! where their ids carry a hash. The tables are those of "Generated CloudFormation resources for
//! AWS SAM" in the developer guide.

/// The value of `Transform` in a template that holds resources of SAM.
pub const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

const API: &str = "AWS::Serverless::Api";
const FUNCTION: &str = "AWS::Serverless::Function";
const HTTP_API: &str = "AWS::Serverless::HttpApi";
const MACHINE: &str = "AWS::Serverless::StateMachine";

/// Type, what its own id is followed by, and the type of what is made.
const BY_ID: &[(&str, &str, &str)] = &[
    (API, "ApiKey", "AWS::ApiGateway::ApiKey"),
    (API, "Stage", "AWS::ApiGateway::Stage"),
    (API, "UsagePlan", "AWS::ApiGateway::UsagePlan"),
    (FUNCTION, "DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup"),
    (FUNCTION, "EventInvokeConfig", "AWS::Lambda::EventInvokeConfig"),
    (FUNCTION, "Role", "AWS::IAM::Role"),
    (FUNCTION, "Url", "AWS::Lambda::Url"),
    (HTTP_API, "ApiGatewayDefaultStage", "AWS::ApiGatewayV2::Stage"),
    (HTTP_API, "Stage", "AWS::ApiGatewayV2::Stage"),
    (MACHINE, "Role", "AWS::IAM::Role"),
];

/// Type, property, the type of what is made, and the property of the resource that asks for it.
const BY_PROPERTY: &[(&str, &str, &str, Option<&str>)] = &[
    (API, "ApiKey", "AWS::ApiGateway::ApiKey", Some("Auth")),
    (API, "Deployment", "AWS::ApiGateway::Deployment", None),
    (API, "DomainName", "AWS::ApiGateway::DomainName", Some("Domain")),
    (API, "Stage", "AWS::ApiGateway::Stage", None),
    (API, "UsagePlan", "AWS::ApiGateway::UsagePlan", Some("Auth")),
    (API, "UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", Some("Auth")),
    (FUNCTION, "Alias", "AWS::Lambda::Alias", Some("AutoPublishAlias")),
    (FUNCTION, "DestinationQueue", "AWS::SQS::Queue", Some("EventInvokeConfig")),
    (FUNCTION, "DestinationTopic", "AWS::SNS::Topic", Some("EventInvokeConfig")),
    (FUNCTION, "Version", "AWS::Lambda::Version", Some("AutoPublishAlias")),
    (HTTP_API, "DomainName", "AWS::ApiGatewayV2::DomainName", Some("Domain")),
    (HTTP_API, "Stage", "AWS::ApiGatewayV2::Stage", None),
];

/// Ids that SAM gives whatever the resources are called.
const FIXED: &[(&str, &str)] = &[
    ("CodeDeployServiceRole", "AWS::IAM::Role"),
    ("ServerlessDeploymentApplication", "AWS::CodeDeploy::Application"),
    ("ServerlessHttpApi", "AWS::ApiGatewayV2::Api"),
    ("ServerlessHttpApiApiGatewayDefaultStage", "AWS::ApiGatewayV2::Stage"),
    ("ServerlessRestApi", "AWS::ApiGateway::RestApi"),
    ("ServerlessRestApiProdStage", "AWS::ApiGateway::Stage"),
];

/// Types of which SAM makes no roles nor policies.
const NO_ROLES: [&str; 4] = [API, HTTP_API, "AWS::Serverless::LayerVersion", "AWS::Serverless::SimpleTable"];

/// Types that every deployment makes anew, because CloudFormation knows no other way to publish.
const MADE_ANEW: [&str; 3] = ["AWS::ApiGateway::Deployment", "AWS::Lambda::Permission", "AWS::Lambda::Version"];

/// Whether the type is one of SAM.
pub fn is_serverless(kind: &str) -> bool {
    kind.starts_with("AWS::Serverless::")
}

/// Whether SAM makes roles or policies of a resource of that type, if it is not given one.
pub fn makes_roles(kind: &str) -> bool {
    is_serverless(kind) && !NO_ROLES.contains(&kind)
}

/// Whether resources of that type are replaced or removed by every deployment of what publishes them.
pub fn is_made_anew(kind: &str) -> bool {
    MADE_ANEW.contains(&kind)
}

/// What `resource.property` names, where that is something SAM makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Referable {
    /// Its type.
    pub kind: &'static str,
    /// The property of the resource without which it is not made.
    pub asked_by: Option<&'static str>,
}

/// What a property of a resource of that type names.
pub fn referable(kind: &str, property: &str) -> Option<Referable> {
    let found = BY_PROPERTY.iter().find(|(of, name, ..)| *of == kind && *name == property);
    found.map(|(_, _, kind, asked_by)| Referable { kind, asked_by: *asked_by })
}

/// The properties by which what SAM makes of that type can be named.
pub fn referables(kind: &str) -> impl Iterator<Item = &'static str> {
    BY_PROPERTY.iter().filter(move |(of, ..)| *of == kind).map(|(_, name, ..)| *name)
}

/// The type of what SAM makes under `name`, by the resources (id and type) that there are. Names
/// that carry a hash, or the name of an event, are not found.
pub fn generated<'r>(name: &str, resources: impl IntoIterator<Item = (&'r str, &'r str)>) -> Option<&'static str> {
    let mut has_any = false;
    for (id, kind) in resources {
        has_any |= is_serverless(kind);
        let Some(tail) = name.strip_prefix(id).filter(|tail| !tail.is_empty()) else { continue };
        let of_kind = BY_ID.iter().filter(|(of, ..)| *of == kind);
        // The stage of an API has its own name between: `ApiProdStage`.
        let found = of_kind.into_iter().find(|(_, end, _)| match *end {
            "Stage" => tail.len() > end.len() && tail.ends_with(end),
            end => tail == end,
        });
        if let Some((.., made)) = found {
            return Some(made);
        }
    }
    let fixed = FIXED.iter().find(|(id, _)| has_any && *id == name);
    fixed.map(|(_, kind)| *kind)
}

/// Whether SAM may make something under `name`, a hash or the name of an event in it.
pub fn may_be_generated<'r>(name: &str, resources: impl IntoIterator<Item = (&'r str, &'r str)>) -> bool {
    resources.into_iter().any(|(id, kind)| {
        is_serverless(kind)
            && (name.len() > id.len() && name.starts_with(id)
                || ["Serverless", "ApiGatewayDomainName", "CodeDeploy"].iter().any(|start| name.starts_with(start)))
    })
}

/// Whether a location of code lies on a disk: SAM's packaging would have to upload it first.
pub fn is_local(location: &str) -> bool {
    !location.starts_with("s3://") && !location.starts_with("https://") && !location.contains("${")
}

/// Properties that locate code or a document, by type.
const LOCATIONS: &[(&str, &str)] = &[
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    (API, "DefinitionUri"),
    ("AWS::Serverless::Application", "Location"),
    (FUNCTION, "CodeUri"),
    ("AWS::Serverless::GraphQLApi", "SchemaUri"),
    (HTTP_API, "DefinitionUri"),
    ("AWS::Serverless::LayerVersion", "ContentUri"),
    (MACHINE, "DefinitionUri"),
    ("AWS::Serverless::WebFunction", "CodeUri"),
];

/// Whether the property locates a template of CloudFormation, which is asked for with `https://`.
pub fn is_template(property: &str) -> bool {
    matches!(property, "Location" | "TemplateURL")
}

/// The properties of that type which locate code or a document that packaging would upload.
pub fn locations(kind: &str) -> impl Iterator<Item = &'static str> {
    LOCATIONS.iter().filter(move |(of, _)| *of == kind).map(|(_, property)| *property)
}

#[cfg(test)]
mod tests {
    use super::{BY_ID, BY_PROPERTY, FIXED, generated, may_be_generated};
    use crate::schema::Types;

    const THERE: [(&str, &str); 3] =
        [("Hello", "AWS::Serverless::Function"), ("Api", "AWS::Serverless::Api"), ("Queue", "AWS::SQS::Queue")];

    #[test]
    fn names_of_what_is_made() {
        let made = |name| generated(name, THERE);
        assert_eq!(made("HelloRole"), Some("AWS::IAM::Role"));
        assert_eq!(made("ApiProdStage"), Some("AWS::ApiGateway::Stage"));
        assert_eq!(made("ServerlessRestApi"), Some("AWS::ApiGateway::RestApi"));
        assert_eq!(generated("ServerlessRestApi", [("Queue", "AWS::SQS::Queue")]), None);
        for nothing in ["Hello", "HelloRol", "QueueRole", "Api", "ApiStage"] {
            assert_eq!(made(nothing), None, "{nothing}");
        }
        assert!(may_be_generated("HelloEveryHourPermission", THERE));
        assert!(!may_be_generated("QueuePolicy", THERE));
    }

    #[test]
    fn every_type_is_known() {
        let types = Types::aws();
        let made = BY_ID.iter().map(|(.., kind)| kind).chain(BY_PROPERTY.iter().map(|(_, _, kind, _)| kind));
        for kind in made.chain(FIXED.iter().map(|(_, kind)| kind)) {
            assert!(types.resource(kind).is_some(), "{kind}");
        }
    }
}
