//! The looks of AWS identifiers: prefixes, ARNs, addresses.

use crate::sandbox::ids;
use crate::sandbox::records::Identity;
use crate::sandbox::template::scalar;
use crate::schema::{NumberType, ResourceType, StringType};

/// Types whose ids are a prefix and 17 hexadecimal digits, with the prefix.
const PREFIXES: [(&str, &str); 40] = [
    ("AWS::EC2::CustomerGateway", "cgw"),
    ("AWS::EC2::DHCPOptions", "dopt"),
    ("AWS::EC2::EIP", "eipalloc"),
    ("AWS::EC2::EIPAssociation", "eipassoc"),
    ("AWS::EC2::EgressOnlyInternetGateway", "eigw"),
    ("AWS::EC2::FlowLog", "fl"),
    ("AWS::EC2::IPAM", "ipam"),
    ("AWS::EC2::IPAMPool", "ipam-pool"),
    ("AWS::EC2::Instance", "i"),
    ("AWS::EC2::InternetGateway", "igw"),
    ("AWS::EC2::KeyPair", "key"),
    ("AWS::EC2::LaunchTemplate", "lt"),
    ("AWS::EC2::NatGateway", "nat"),
    ("AWS::EC2::NetworkAcl", "acl"),
    ("AWS::EC2::NetworkInterface", "eni"),
    ("AWS::EC2::PrefixList", "pl"),
    ("AWS::EC2::RouteTable", "rtb"),
    ("AWS::EC2::SecurityGroup", "sg"),
    ("AWS::EC2::SecurityGroupEgress", "sgr"),
    ("AWS::EC2::SecurityGroupIngress", "sgr"),
    ("AWS::EC2::Subnet", "subnet"),
    ("AWS::EC2::SubnetCidrBlock", "subnet-cidr-assoc"),
    ("AWS::EC2::SubnetNetworkAclAssociation", "aclassoc"),
    ("AWS::EC2::SubnetRouteTableAssociation", "rtbassoc"),
    ("AWS::EC2::TransitGateway", "tgw"),
    ("AWS::EC2::TransitGatewayAttachment", "tgw-attach"),
    ("AWS::EC2::TransitGatewayRouteTable", "tgw-rtb"),
    ("AWS::EC2::VPC", "vpc"),
    ("AWS::EC2::VPCCidrBlock", "vpc-cidr-assoc"),
    ("AWS::EC2::VPCEndpoint", "vpce"),
    ("AWS::EC2::VPCEndpointService", "vpce-svc"),
    ("AWS::EC2::VPCPeeringConnection", "pcx"),
    ("AWS::EC2::VPNConnection", "vpn"),
    ("AWS::EC2::VPNGateway", "vgw"),
    ("AWS::EC2::Volume", "vol"),
    ("AWS::EFS::AccessPoint", "fsap"),
    ("AWS::EFS::FileSystem", "fs"),
    ("AWS::EFS::MountTarget", "fsmt"),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "ns"),
    ("AWS::ServiceDiscovery::Service", "srv"),
];

/// `vpc-` and 17 digits; Cloud Map stops at 16.
fn numbered(identity: &Identity<'_>, prefix: &str, seed: &str) -> String {
    format!("{prefix}-{}", identity.hash(seed, if matches!(prefix, "ns" | "srv") { 16 } else { 17 }))
}

fn prefix(kind: &str) -> Option<&'static str> {
    PREFIXES
        .binary_search_by_key(&kind, |(name, _)| name)
        .ok()
        .and_then(|at| PREFIXES.get(at))
        .map(|(_, prefix)| *prefix)
}

/// Types whose names AWS makes in lower case.
pub(super) fn lower_case(kind: &str) -> bool {
    let services = [
        "AWS::S3::",
        "AWS::ECR::",
        "AWS::RDS::",
        "AWS::ElastiCache::",
        "AWS::DocDB::",
        "AWS::Neptune::",
        "AWS::OpenSearchService::",
    ];
    services.iter().any(|service| kind.starts_with(service))
}

/// Attributes whose looks follow no rule.
pub(super) fn known(identity: &Identity<'_>, path: &str) -> Option<String> {
    let place = identity.place;
    let (region, account, suffix) = (&place.region, &place.account, place.url_suffix());
    let own = |property: &str| identity.given(property).and_then(scalar).unwrap_or_else(|| identity.name(Some(63)));
    Some(match (identity.kind, path) {
        ("AWS::SQS::Queue", "QueueUrl") => format!("https://sqs.{region}.{suffix}/{account}/{}", own("QueueName")),
        ("AWS::EC2::EIP", "PublicIp") => {
            let octet = |at: usize| u8::from_str_radix(&identity.hash(path, at + 2).split_off(at), 16).unwrap_or(1);
            format!("203.0.113.{}", octet(0).max(1))
        }
        ("AWS::EC2::Instance", "PrivateIp") => {
            format!("10.0.{}.10", u8::from_str_radix(&identity.hash(path, 2), 16).unwrap_or(1))
        }
        ("AWS::EC2::Instance", "PublicIp") => "203.0.113.10".to_owned(),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "DNSName") => {
            let scheme =
                if identity.given("Scheme").and_then(scalar).as_deref() == Some("internal") { "internal-" } else { "" };
            format!("{scheme}{}-{}.{region}.elb.{suffix}", name32(identity), digits(identity, path)).to_lowercase()
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerName") => name32(identity),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName") => {
            format!("{}/{}/{}", balancer(identity), name32(identity), identity.hash("balancer", 16))
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerArn") => {
            format!(
                "{}:loadbalancer/{}/{}/{}",
                service_arn(identity),
                balancer(identity),
                name32(identity),
                identity.hash("balancer", 16)
            )
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "CanonicalHostedZoneID") => {
            format!("Z{}", identity.capitals(path, 13))
        }
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupName") => name32(identity),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName") => {
            format!("targetgroup/{}/{}", name32(identity), identity.hash("group", 16))
        }
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupArn") => {
            format!("{}:targetgroup/{}/{}", service_arn(identity), name32(identity), identity.hash("group", 16))
        }
        ("AWS::ElasticLoadBalancingV2::Listener", "ListenerArn") => {
            below(identity, "LoadBalancerArn", "loadbalancer", "listener")
        }
        ("AWS::ElasticLoadBalancingV2::ListenerRule", "RuleArn") => {
            below(identity, "ListenerArn", "listener", "listener-rule")
        }
        ("AWS::ECS::TaskDefinition", "TaskDefinitionArn") => {
            format!("{}:task-definition/{}:{}", service_arn(identity), own("Family"), identity.generation + 1)
        }
        ("AWS::ECS::Service", "ServiceArn") => {
            let cluster = identity.given("Cluster").and_then(scalar).unwrap_or_else(|| "default".to_owned());
            let cluster = cluster.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{}:service/{cluster}/{}", service_arn(identity), own("ServiceName"))
        }
        ("AWS::ECR::Repository", "RepositoryUri") => {
            format!("{account}.dkr.ecr.{region}.{suffix}/{}", own("RepositoryName"))
        }
        ("AWS::S3::Bucket", "DomainName") => format!("{}.s3.{suffix}", own("BucketName")),
        ("AWS::S3::Bucket", "RegionalDomainName") => format!("{}.s3.{region}.{suffix}", own("BucketName")),
        ("AWS::S3::Bucket", "DualStackDomainName") => format!("{}.s3.dualstack.{region}.{suffix}", own("BucketName")),
        ("AWS::S3::Bucket", "WebsiteURL") => format!("http://{}.s3-website-{region}.{suffix}", own("BucketName")),
        ("AWS::S3::Bucket", "Arn") => format!("arn:{}:s3:::{}", place.partition(), own("BucketName")),
        ("AWS::SSM::Parameter", "Value" | "Type") => identity.given(path).and_then(scalar)?,
        ("AWS::CloudFront::Distribution", "DomainName") => format!("d{}.cloudfront.net", identity.hash("domain", 13)),
        ("AWS::ApiGatewayV2::Api", "ApiEndpoint") => {
            format!("https://{}.execute-api.{region}.{suffix}", identity.hash("", 10))
        }
        ("AWS::Lambda::Url", "FunctionUrl") => format!("https://{}.lambda-url.{region}.on.aws/", identity.hash("", 32)),
        ("AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion", "LayerVersionArn") => {
            format!("{}:layer:{}:{}", service_arn(identity), own("LayerName"), identity.generation + 1)
        }
        ("AWS::SNS::Topic", "TopicArn") => format!("{}:{}", service_arn(identity), own("TopicName")),
        ("AWS::Logs::LogGroup", "Arn") => format!("{}:log-group:{}:*", service_arn(identity), own("LogGroupName")),
        ("AWS::IAM::Role", "Arn") => iam(identity, "role", &own("RoleName")),
        ("AWS::IAM::User", "Arn") => iam(identity, "user", &own("UserName")),
        ("AWS::IAM::Group", "Arn") => iam(identity, "group", &own("GroupName")),
        ("AWS::IAM::InstanceProfile", "Arn") => iam(identity, "instance-profile", &own("InstanceProfileName")),
        ("AWS::IAM::ManagedPolicy", "PolicyArn") => iam(identity, "policy", &own("ManagedPolicyName")),
        ("AWS::IAM::Role", "RoleId") => format!("AROA{}", identity.capitals("", 17)),
        ("AWS::SecretsManager::Secret", "Id") => {
            format!("{}:secret:{}-{}", service_arn(identity), own("Name"), identity.capitals("secret", 6))
        }
        ("AWS::Route53::HostedZone", "Id") => format!("Z{}", identity.capitals("", 20)),
        _ => return None,
    })
}

fn iam(identity: &Identity<'_>, what: &str, name: &str) -> String {
    let path = identity.given("Path").and_then(scalar).unwrap_or_else(|| "/".to_owned());
    format!("arn:{}:iam::{}:{what}{path}{name}", identity.place.partition(), identity.place.account)
}

fn name32(identity: &Identity<'_>) -> String {
    identity.given("Name").and_then(scalar).unwrap_or_else(|| identity.name(Some(32)))
}

fn digits(identity: &Identity<'_>, path: &str) -> String {
    u32::from_str_radix(&identity.hash(path, 7), 16).unwrap_or(1).to_string()
}

fn balancer(identity: &Identity<'_>) -> &'static str {
    match identity.given("Type").and_then(scalar).as_deref() {
        Some("network") => "net",
        Some("gateway") => "gwy",
        _ => "app",
    }
}

/// An ARN that hangs below another one: its own kind in place of the parent's, one more segment.
fn below(identity: &Identity<'_>, property: &str, from: &str, to: &str) -> String {
    let parent = identity.given(property).and_then(scalar).unwrap_or_else(|| service_arn(identity));
    format!("{}/{}", parent.replacen(&format!(":{from}/"), &format!(":{to}/"), 1), identity.hash("", 16))
}

/// `arn:aws:ecs:eu-west-1:111122223333`
fn service_arn(identity: &Identity<'_>) -> String {
    let service = identity.kind.split("::").nth(1).unwrap_or_default().to_lowercase();
    let service = match service.as_str() {
        "elasticloadbalancingv2" => "elasticloadbalancing",
        "stepfunctions" => "states",
        "certificatemanager" => "acm",
        "opensearchservice" => "es",
        "applicationautoscaling" => "application-autoscaling",
        "efs" => "elasticfilesystem",
        "serverless" => match identity.kind {
            "AWS::Serverless::SimpleTable" => "dynamodb",
            "AWS::Serverless::StateMachine" => "states",
            _ => "lambda",
        },
        other => other,
    };
    let place = identity.place;
    format!("arn:{}:{service}:{}:{}", place.partition(), place.region, place.account)
}

/// Whole numbers: ports that make sense, else the least allowed.
pub(super) fn whole(path: &str, rules: &NumberType) -> i64 {
    let least = rules.values.first().copied().or(rules.min).filter(|least| least.abs() < 1e15);
    match least {
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        Some(least) => least as i64,
        None if path.ends_with("Port") => 443,
        None => 1,
    }
}

/// Shapes that a text may have, the likeliest first.
pub(super) fn candidates(
    identity: &Identity<'_>,
    resource: &ResourceType,
    path: &str,
    rules: &StringType,
) -> Vec<String> {
    let last = path.rsplit('.').next().unwrap_or(path);
    let target =
        rules.identifies.iter().find(|identifier| identifier.resource != resource.name).or(rules.identifies.first());
    let target = target.copied();
    let own = target.is_none_or(|target| target.resource == resource.name);
    // Ids of the resource itself agree over all paths; ids of others differ by path.
    let seed = if own { "" } else { path };
    let kind = target.map_or(resource.name, |target| target.resource);
    let mut shapes = Vec::new();
    let lower = last.to_lowercase();
    if lower.ends_with("arn") || target.is_some_and(|target| target.attribute.ends_with("Arn")) {
        shapes.push(arn(identity, resource, own));
    }
    if lower.ends_with("url") || lower.ends_with("uri") {
        shapes.push(format!(
            "https://{}.{}.{}",
            identity.hash(path, 10),
            identity.place.region,
            identity.place.url_suffix()
        ));
    }
    if lower.contains("dns") || lower.contains("domain") || lower.contains("endpoint") || lower.ends_with("address") {
        shapes.push(format!("{}.{}.{}", identity.hash(path, 12), identity.place.region, identity.place.url_suffix()));
    }
    if lower.ends_with("port") {
        shapes.push("443".to_owned());
    }
    if let Some(prefix) = prefix(kind).filter(|_| !lower.ends_with("name")) {
        shapes.push(numbered(identity, prefix, seed));
    }
    if lower.ends_with("version") {
        shapes.push("1".to_owned());
    }
    if lower.ends_with("accountid") {
        shapes.push(identity.place.account.clone());
    }
    shapes.push(identity.name(rules.max));
    let hex = identity.hash(seed, 64);
    let exact = rules.max.or(rules.min).and_then(|length| hex.get(..usize::try_from(length).ok()?));
    shapes.extend(exact.map(str::to_owned));
    let hex: String = hex.chars().take(32).collect();
    shapes.push(ids::uuid(&[&hex]));
    shapes.push(identity.capitals(seed, 14));
    shapes.push(hex.chars().take(10).collect());
    shapes.push(hex);
    shapes.push("1".to_owned());
    shapes.push(arn(identity, resource, own));
    shapes
}

/// The ARN of the resource, by the template of its type where there is one.
fn arn(identity: &Identity<'_>, resource: &ResourceType, own: bool) -> String {
    let plain = || {
        let last = resource.name.rsplit("::").next().unwrap_or_default().to_lowercase();
        format!("{}:{last}/{}", service_arn(identity), identity.name(None))
    };
    let Some(template) = resource.arn.filter(|_| own) else {
        return plain();
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { return plain() };
        text.push_str(before);
        text.push_str(&placeholder(identity, resource, name));
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn placeholder(identity: &Identity<'_>, resource: &ResourceType, name: &str) -> String {
    let place = identity.place;
    match name {
        "Partition" => return place.partition().to_owned(),
        "Region" => return place.region.clone(),
        "Account" => return place.account.clone(),
        name if name.contains("Revision") || name.contains("Version") => return (identity.generation + 1).to_string(),
        _ => {}
    }
    // `TaskDefinitionFamilyName` is the property `Family`, `RoleNameWithPath` is `RoleName`.
    let properties = identity.properties.as_object();
    let given = properties.into_iter().flatten().filter(|(key, _)| name.contains(key.as_str()) || key.contains(name));
    let given = given.filter_map(|(key, value)| Some((key, scalar(value)?))).max_by_key(|(key, _)| key.len());
    match given {
        Some((_, value)) => value.rsplit('/').next().unwrap_or_default().to_owned(),
        None if name.ends_with("Id") => match prefix(resource.name) {
            Some(prefix) => numbered(identity, prefix, ""),
            None => identity.hash("", 16),
        },
        None => identity.name(None),
    }
}

#[cfg(test)]
mod tests {
    use super::PREFIXES;

    #[test]
    fn prefixes_are_sorted_for_the_search() {
        assert!(PREFIXES.is_sorted_by(|left, right| left.0 < right.0));
    }
}
