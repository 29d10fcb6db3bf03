//! The packed AWS resource types: every byte of them, and what is known of the everyday ones.

use infra::schema::{Node, NodeId, RefValue, Types};

/// Every type, node, string and pattern of the blobs can be read.
#[test]
fn everything_decodes() {
    let types = Types::aws();
    assert!(types.names().len() > 1800);
    for name in types.names() {
        let resource = types.resource(name).unwrap_or_else(|| panic!("{name}"));
        assert!(matches!(types.node(resource.root), Node::Object(_)), "{name}");
    }
    for id in 0..types.node_count() {
        let node = types.raw_node(NodeId(u32::try_from(id).unwrap())).unwrap_or_else(|| panic!("node {id}"));
        if let Node::String(text) = node {
            assert!(text.pattern.as_ref().is_none_or(|p| p.compiles()), "{:?}", text.pattern);
        }
    }
}

#[test]
fn references_identify() {
    let types = Types::aws();
    let vpc = types.resource("AWS::EC2::VPC").unwrap();
    assert_eq!(vpc.ref_value, RefValue::Property("VpcId"));
    let role = types.resource("AWS::IAM::Role").unwrap();
    let found = types.attribute_identifies(role, "Arn");
    assert_eq!((found[0].resource, found[0].attribute), ("AWS::IAM::Role", "Arn"));
}
