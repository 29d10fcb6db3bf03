//! The packed AWS resource types: every byte of them, and what is known of the everyday ones.

mod everyday;
mod identity;
mod whole;

/// The packer's own view of a type; it finds the types at `super::infra`.
#[path = "../../schema/pack/src/dump.rs"]
mod dump;
use ::infra;

use std::path::PathBuf;

use everyday::EVERYDAY;
use infra::schema::{Types, explain};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a text with a file of `tests/schema`; `UPDATE_SNAPSHOTS=1` writes it instead.
fn golden(name: &str, actual: &str) -> Option<String> {
    let path = folder("tests/schema").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, actual).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (expected != actual).then(|| name.to_owned())
}

fn file_name(resource: &str) -> String {
    format!("{}.txt", resource.trim_start_matches("AWS::").replace("::", "-"))
}

#[test]
fn everyday_types_are_as_they_were() {
    let types = Types::aws();
    let differ: Vec<String> = EVERYDAY
        .iter()
        .filter_map(|name| golden(&file_name(name), &dump::dump(types, types.resource(name).unwrap())))
        .collect();
    assert!(differ.is_empty(), "read the changes of UPDATE_SNAPSHOTS=1 in tests/schema: {differ:?}");
}

/// What a start costs is what it decodes: this many nodes for all of the everyday types, and no others.
#[test]
fn only_what_is_asked_for_is_decoded() {
    let types = whole::fresh();
    assert_eq!(types.decoded_nodes(), 0);
    let resource = types.resource("AWS::EC2::InternetGateway").unwrap();
    assert_eq!(types.decoded_nodes(), 0, "a type alone decodes no node");
    types.node(resource.root);
    assert_eq!(types.decoded_nodes(), 1);
    for name in EVERYDAY {
        dump::dump(&types, types.resource(name).unwrap());
    }
    assert_eq!(types.decoded_nodes(), 1108);
}

#[test]
fn explanations_are_as_they_were() {
    let types = Types::aws();
    let service = explain::explain(types, "AWS::ECS::Service").unwrap();
    let awsvpc =
        explain::explain_property(types, "AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration").unwrap();
    let values = explain::explain_property(types, "AWS::ECS::Service", "LaunchType").unwrap();
    let strategy = explain::explain_property(types, "AWS::ECS::Service", "CapacityProviderStrategy.Base").unwrap();
    let attribute = explain::explain_property(types, "AWS::RDS::DBInstance", "Endpoint.Address").unwrap();
    let all = [service, awsvpc, values, strategy, attribute].join("\n");
    assert_eq!(golden("explain.txt", &all), None);
    assert_eq!(explain::explain(types, "AWS::ECS::Servise"), None);
    assert_eq!(explain::explain_property(types, "AWS::ECS::Service", "Nothing"), None);
    assert_eq!(explain::explain_property(types, "AWS::ECS::Service", ""), None);
}

#[test]
fn explanations_fit_eighty_columns() {
    let types = Types::aws();
    for name in types.names() {
        let text = explain::explain(types, name).unwrap();
        let long = text.lines().find(|l| l.chars().count() > 80 && l.trim().contains(' '));
        assert_eq!(long, None, "{name}");
    }
}
