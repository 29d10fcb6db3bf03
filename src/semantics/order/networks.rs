//! What needs the way out of its subnet, or a gateway at its VPC.
//!
//! Sources: "DependsOn attribute" in the CloudFormation user guide, which asks for the gateway
//! attachment before addresses, load balancers, instances and public databases; the reference of
//! `AWS::EC2::NatGateway`; and the AWS CDK, whose subnets make what runs in them wait for their
//! default route.

use rustc_hash::FxHashMap;

use super::Edge;
use super::index::Index;
use crate::semantics::value::Value;

/// What runs in a subnet and starts by calling out: for its image, its packages, to signal that it is up.
const RUNS: &[(&str, &[&str])] = &[
    ("AWS::AutoScaling::AutoScalingGroup", &["VPCZoneIdentifier.*"]),
    ("AWS::EC2::Instance", &["SubnetId", "NetworkInterfaces.*.SubnetId"]),
    ("AWS::EC2::NatGateway", &["SubnetId"]),
    ("AWS::ECS::Service", &["NetworkConfiguration.AwsvpcConfiguration.Subnets.*"]),
];

/// What needs a gateway at the VPC, and the paths that lead there.
const PUBLIC: &[(&str, &[&str])] = &[
    ("AWS::EC2::EIPAssociation", &["InstanceId>SubnetId>VpcId", "NetworkInterfaceId>SubnetId>VpcId"]),
    ("AWS::EC2::NatGateway", &["SubnetId>VpcId"]),
    ("AWS::ElasticLoadBalancing::LoadBalancer", &["Subnets.*>VpcId"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Subnets.*>VpcId", "SubnetMappings.*.SubnetId>VpcId"]),
    (DATABASE, &["DBSubnetGroupName>SubnetIds.*>VpcId"]),
];

const DATABASE: &str = "AWS::RDS::DBInstance";

pub(super) fn apply(index: &Index<'_>, wanted: &mut Vec<Edge>) {
    routes(index, wanted);
    gateways(index, wanted);
}

/// What runs in a subnet waits for the subnet's route table and for the default route in it.
fn routes(index: &Index<'_>, wanted: &mut Vec<Edge>) {
    let mut tables: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for route in index.of_type("AWS::EC2::Route").iter().filter(|route| is_default(index, **route)) {
        for table in index.targets(*route, "RouteTableId") {
            tables.entry(table).or_default().push(*route);
        }
    }
    let mut subnets: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for association in index.of_type("AWS::EC2::SubnetRouteTableAssociation") {
        let routes = index.targets(*association, "RouteTableId").into_iter().filter_map(|table| tables.get(&table));
        let ways: Vec<usize> = routes.flatten().copied().collect();
        if ways.is_empty() {
            continue;
        }
        for subnet in index.targets(*association, "SubnetId") {
            let needs = subnets.entry(subnet).or_default();
            needs.push(*association);
            needs.extend(&ways);
        }
    }
    if subnets.is_empty() {
        return;
    }
    for (ty, paths) in RUNS {
        for resource in index.of_type(ty).iter().filter(|at| faces_internet(index, ty, **at)) {
            for subnet in paths.iter().flat_map(|path| index.targets(*resource, path)) {
                wanted.extend(subnets.get(&subnet).into_iter().flatten().map(|to| (*resource, *to)));
            }
        }
    }
}

fn is_default(index: &Index<'_>, route: usize) -> bool {
    let goes = |property, all| index.text(route, property).is_some_and(|cidr| &*cidr == all);
    goes("DestinationCidrBlock", "0.0.0.0/0") || goes("DestinationIpv6CidrBlock", "::/0")
}

/// What faces the internet waits for the gateway of its VPC, and so does the address of a NAT gateway.
fn gateways(index: &Index<'_>, wanted: &mut Vec<Edge>) {
    let mut attached: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for attachment in index.of_type("AWS::EC2::VPCGatewayAttachment") {
        if index.values(*attachment, "InternetGatewayId").is_empty() {
            continue;
        }
        for vpc in index.targets(*attachment, "VpcId") {
            attached.entry(vpc).or_default().push(*attachment);
        }
    }
    if attached.is_empty() {
        return;
    }
    for (ty, paths) in PUBLIC {
        for resource in index.of_type(ty).iter().filter(|at| faces_internet(index, ty, **at)) {
            let mut waits = index.targets(*resource, "AllocationId");
            waits.push(*resource);
            for vpc in paths.iter().flat_map(|path| index.targets(*resource, path)) {
                for gateway in attached.get(&vpc).into_iter().flatten() {
                    wanted.extend(waits.iter().map(|from| (*from, *gateway)));
                }
            }
        }
    }
}

/// Whether the resource is to be reached from the internet, or to reach it. Most are unless they
/// say otherwise; a database is only where it says so.
fn faces_internet(index: &Index<'_>, ty: &str, resource: usize) -> bool {
    if ty == DATABASE {
        return matches!(index.values(resource, "PubliclyAccessible").first(), Some(Value::Bool(true)));
    }
    let says = |property, word| index.text(resource, property).is_some_and(|text| &*text == word);
    !says("Scheme", "internal") && !says("ConnectivityType", "private")
}
