//! From a logical id and a property path back to the line.

use infra::build;
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::{SourceFile, Sources};
use infra::template::provenance::{Index, locate};

const SHOP: &str = r#"
project shop
account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"], public: true }

let tags = [{ Key: "team", Value: "shop" }]

core network {
  resource Vpc = AWS::EC2::VPC {
    CidrBlock: "10.0.0.0/16"
    Tags: tags
  }
  if env.public {
    for i, zone in ["a", "b"] {
      resource Public[zone] = AWS::EC2::Subnet {
        VpcId: Vpc
        CidrBlock: cidr_subnet("10.0.0.0/16", 8, i)
        "Tags": [
          { Key: "Name", Value: "public-${zone}" }
          ...tags
          { Key: "last", Value: "1" }
        ]
      }
    }
  }
  resource Cluster = AWS::ECS::Cluster {}
  resource Rules = AWS::EC2::SecurityGroup {
    GroupDescription: "rules"
    SecurityGroupIngress: [for port in [80, 443]: { IpProtocol: "tcp", FromPort: port, ToPort: port, CidrIp: "0.0.0.0/0" }]
  }
}
"#;

fn shop() -> (semantics::Program, Index) {
    let mut sources = Sources::default();
    sources.add("other.infra", "// Nothing in here\n");
    sources.add("main.infra", SHOP);
    let files: Vec<SourceFile> = sources.iter().cloned().collect();
    let program = semantics::analyze(files, std::sync::Arc::new(infra::world::Table::default()), Types::aws());
    let target = Target { envs: vec!["dev".into()], ..Target::default() };
    let mut build = build::build(&program, &target);
    assert!(build.diagnostics.is_empty(), "{:?}", build.diagnostics);
    let places = build.stacks.remove(0).places;
    (program, places)
}

#[test]
fn the_deepest_place_that_is_sure() {
    let (program, places) = shop();
    let cases: &[(&str, &[&str], &str)] = &[
        ("Vpc", &[], "Vpc"),
        ("Vpc", &["CidrBlock"], "CidrBlock: \"10.0.0.0/16\""),
        ("Vpc", &["EnableDnsHostnames"], "Vpc"),
        // A name stands for the list: what is inside it is said elsewhere.
        ("Vpc", &["Tags", "0", "Value"], "Tags: tags"),
        ("PublicA", &["VpcId"], "VpcId: Vpc"),
        ("PublicB", &["CidrBlock"], "CidrBlock: cidr_subnet(\"10.0.0.0/16\", 8, i)"),
        ("PublicB", &["Tags", "0", "Value"], "Value: \"public-${zone}\""),
        ("PublicB", &["Tags"], "\"Tags\""),
        // Behind a spread nobody knows the positions.
        ("PublicB", &["Tags", "2", "Value"], "\"Tags\""),
        ("PublicB", &["Tags", "x"], "\"Tags\""),
        ("PublicB", &["Tags", "18446744073709551615"], "\"Tags\""),
        ("Cluster", &["ClusterName"], "Cluster"),
        ("Rules", &["SecurityGroupIngress", "1", "FromPort"], "FromPort: port"),
    ];
    for (id, path, expected) in cases {
        let span = locate(&program, &places, id, path).unwrap();
        assert_eq!(program.sources.text(span), *expected, "{id} {path:?}");
        assert_eq!(program.sources.locate(span).file, "main.infra");
    }
    assert_eq!(locate(&program, &places, "Gone", &["CidrBlock"]), None);
}

#[test]
fn what_the_index_keeps() {
    let (_, places) = shop();
    let ids: Vec<_> = places.iter().map(|place| (place.id.as_str(), &*place.shown)).collect();
    assert_eq!(
        ids,
        [
            ("Cluster", "Cluster"),
            ("PublicA", "Public[\"a\"]"),
            ("PublicB", "Public[\"b\"]"),
            ("Rules", "Rules"),
            ("Vpc", "Vpc")
        ]
    );
    assert_eq!(places.get("Vpc").unwrap().ty.as_str(), "AWS::EC2::VPC");
}
