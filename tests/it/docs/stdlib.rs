//! The standard library keeps its word: everything in it is documented, and the examples in its documents are right
//! programs, which AWS's linter accepts and the sandbox deploys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use infra::source::Sources;
use infra::stdlib;
use infra::syntax;
use infra::syntax::ast::{ItemKind, Stmt, StmtKind};

use super::markdown::{self, Document};
use super::{programs, report};
use crate::lint::lint;

/// A file of the library under its virtual name, and its text.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    stdlib::FILES.iter().copied()
}

/// What the `///` comments of a file say, each line where it stands in it.
fn document(name: &str, text: &str) -> Document {
    let line = |line: &str| match line.strip_prefix("///") {
        Some(doc) => doc.strip_prefix(' ').unwrap_or(doc).to_owned(),
        None => String::new(),
    };
    let text: Vec<String> = text.lines().map(line).collect();
    markdown::read(name, &text.join("\n"))
}

fn documents() -> Vec<Document> {
    files().map(|(name, text)| document(name, text)).collect()
}

/// The programs of a folder, each with the name of its file.
fn programs_in(folder: &str) -> Vec<(String, programs::Files)> {
    let folder = super::root().join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "infra"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name.clone(), programs::Files::from([(name, std::fs::read_to_string(path).unwrap())]))
    };
    paths.into_iter().map(read).collect()
}

/// What published systems consist of, said with the components of the library.
fn published() -> Vec<(String, programs::Files)> {
    programs_in("tests/std")
}

/// The examples: right programs, by the place of each.
fn examples() -> Vec<(String, programs::Files)> {
    documents().iter().flat_map(programs::right).collect()
}

#[test]
fn every_file_belongs_to_the_library() {
    let mut there: Vec<String> = std::fs::read_dir(super::root().join("stdlib"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".infra"))
        .map(|name| format!("std:/{name}"))
        .collect();
    there.sort();
    assert_eq!(files().map(|(name, _)| name.to_owned()).collect::<Vec<_>>(), there);
}

#[test]
fn it_is_laid_out_as_fmt_does_it() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let mut sources = Sources::default();
        let id = sources.add(name, text);
        match syntax::format(sources.get(id).unwrap()) {
            Some(formatted) if formatted == text => {}
            Some(formatted) => wrong.push(format!("{name}: run `infra fmt` over it; it would be\n{formatted}")),
            None => wrong.push(format!("{name}: cannot be read")),
        }
    }
    report(wrong);
}

#[test]
fn everything_in_it_is_documented() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let mut sources = Sources::default();
        let id = sources.add(name, text);
        for item in syntax::parse(sources.get(id).unwrap()).file.items {
            let doc = item.doc.as_deref().unwrap_or_default();
            let mut says = |what: &str, is_said: bool| {
                if !is_said {
                    wrong.push(format!("{name}: {what}"));
                }
            };
            match &item.kind {
                ItemKind::Component(component) => {
                    let example = doc.contains("```infra");
                    says(&format!("`{}` has no example", component.name.name), example);
                    undocumented(&component.body, &mut |what| {
                        says(&format!("{what} of `{}` has no `///`", component.name.name), false);
                    });
                }
                ItemKind::Function(function) => {
                    says(&format!("`{}` has no `///`", function.name.name), !doc.is_empty());
                }
                ItemKind::Alias(alias) => says(&format!("`{}` has no `///`", alias.name.name), !doc.is_empty()),
                _ => {}
            }
        }
    }
    report(wrong);
}

/// The params and outputs of a component, in its branches too, that have no document.
fn undocumented(body: &[Stmt], found: &mut dyn FnMut(String)) {
    for stmt in body {
        let bare = stmt.doc.as_deref().unwrap_or_default().is_empty();
        match &stmt.kind {
            StmtKind::Param(param) if bare => found(format!("`param {}`", param.name.name)),
            StmtKind::Output(output) if bare => found(format!("`output {}`", output.name.name)),
            StmtKind::If(branch) => {
                undocumented(&branch.then, found);
                undocumented(&branch.otherwise, found);
            }
            _ => {}
        }
    }
}

#[test]
fn its_examples_are_right() {
    report(documents().iter().flat_map(programs::check).collect());
    assert!(!examples().is_empty());
}

#[test]
fn its_templates_pass_cfn_lint() {
    let programs = examples().into_iter().chain(programs_in("tests/cases/build/std")).chain(published());
    let builds = programs.flat_map(|(place, files)| {
        let builds = programs::build_all(&programs::analyzed(&files));
        let builds = builds.unwrap_or_else(|why| panic!("{place}: {why}"));
        let name = place.replace([':', '/', '.'], "-");
        builds.into_iter().map(move |build| (name.clone(), build))
    });
    lint("lint-std", builds);
}

/// Each example comes up in the sandbox in each of its environments; in the first, it needs nothing more then, and goes.
#[test]
#[cfg(feature = "aws")]
fn its_programs_deploy() {
    use crate::support::cli::Project;

    let mut wrong = Vec::new();
    for (place, files) in examples().into_iter().chain(published()) {
        let envs = infra::semantics::environments(&programs::analyzed(&files));
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let project = Project::new(&files);
        let first = envs.first().map(|(env, _)| *env);
        let more = ["plan --detailed-exitcode", "destroy --yes --allow delete:*"].map(|step| (step, first));
        let steps = envs.iter().map(|(env, _)| ("apply --yes", Some(*env))).chain(more);
        let steps = steps.filter_map(|(step, env)| Some(format!("{step} --env {} --sandbox=state", env?)));
        for command in steps {
            let said = project.infra(&command);
            if said.code != Some(0) {
                wrong.push(format!("{place}: `infra {command}` ends with {:?}:\n{}{}", said.code, said.out, said.err));
                break;
            }
        }
    }
    report(wrong);
}

/// Networks, clusters, services and scaling of published systems, resource for resource: the counts are theirs.
#[test]
fn published_systems_can_be_said() {
    const SYSTEMS: &[(&str, &[(&str, &str)])] = &[
        (
            "composed.infra",
            &[
                (
                    "base",
                    "EC2::DHCPOptions 1, EC2::EIP 1, EC2::InternetGateway 1, EC2::NatGateway 1, EC2::Route 3, \
                     EC2::RouteTable 4, EC2::SecurityGroup 1, EC2::Subnet 6, EC2::SubnetRouteTableAssociation 6, \
                     EC2::VPC 1, EC2::VPCDHCPOptionsAssociation 1, EC2::VPCGatewayAttachment 1, ECS::Cluster 1, \
                     ElasticLoadBalancingV2::Listener 1, ElasticLoadBalancingV2::LoadBalancer 1, Logs::LogGroup 1, \
                     ServiceDiscovery::PrivateDnsNamespace 1",
                ),
                (
                    "batch_processor",
                    "ApplicationAutoScaling::ScalableTarget 1, ApplicationAutoScaling::ScalingPolicy 2, \
                     CloudWatch::Alarm 1, EC2::SecurityGroup 1, ECS::Service 1, ECS::TaskDefinition 1, IAM::Role 2, \
                     Logs::LogGroup 1",
                ),
            ],
        ),
        (
            "toto.infra",
            &[(
                "expenses",
                "EC2::SecurityGroup 1, ECS::Service 1, ECS::TaskDefinition 1, \
                 ElasticLoadBalancingV2::ListenerRule 1, ElasticLoadBalancingV2::TargetGroup 1, Logs::LogGroup 1",
            )],
        ),
    ];
    let programs: BTreeMap<String, programs::Files> = published().into_iter().collect();
    assert_eq!(programs.len(), SYSTEMS.len());
    for (system, stacks) in SYSTEMS {
        let program = programs::analyzed(&programs[*system]);
        let builds = programs::build_all(&program).unwrap_or_else(|why| panic!("{system}: {why}"));
        for (name, expected) in *stacks {
            let stack = builds[0].stacks.iter().find(|s| s.head.key.stack.as_str() == *name).unwrap();
            let template: serde_json::Value = serde_json::from_str(&stack.template.body).unwrap();
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for resource in template["Resources"].as_object().unwrap().values() {
                *counts.entry(resource["Type"].as_str().unwrap().trim_start_matches("AWS::")).or_default() += 1;
            }
            let counts: Vec<String> = counts.iter().map(|(ty, n)| format!("{ty} {n}")).collect();
            assert_eq!(counts.join(", "), *expected, "{system}: {name}");
        }
    }
}

/// The resources of the one stack of a program, by logical id.
fn resources(statements: &str) -> serde_json::Map<String, serde_json::Value> {
    let text = format!(
        "project page\naccount main {{ id: \"111111111111\" }}\n\
         env dev {{ account: main, regions: [\"eu-west-1\"] }}\ncore page {{\n{statements}\n}}\n"
    );
    let files = programs::Files::from([("page.infra".to_owned(), text)]);
    let builds = programs::build_all(&programs::analyzed(&files)).unwrap();
    let template: serde_json::Value = serde_json::from_str(&builds[0].stacks[0].template.body).unwrap();
    template["Resources"].as_object().unwrap().clone()
}

/// A zone more, or another kind of subnets, adds resources and changes none: no subnet is replaced under a service.
#[test]
fn networks_grow_without_moving() {
    let all = "isolated: true, interface_endpoints: [\"logs\"]";
    let steps = [
        ("azs: 1", "azs: 2"),
        ("azs: 2, nat: \"per_zone\"", "azs: 6, nat: \"per_zone\""),
        ("public: true, private: false", "nat: \"none\""),
        ("nat: \"none\"", "nat: \"single\""),
        ("azs: 2", "azs: 2, isolated: true"),
    ];
    let network = |more: &str| resources(&format!("resource Net = std::network {{ {more} }}"));
    for (before, after) in steps {
        let (before, after) = (network(before), network(after));
        assert!(before.len() < after.len());
        for (id, resource) in before {
            // Endpoints serve what there is: that is changed in place.
            let is_endpoint = resource["Type"] == "AWS::EC2::VPCEndpoint";
            assert!(is_endpoint || after.get(&id) == Some(&resource), "{id}");
        }
    }
    // Fewer zones: what is left stays as it was.
    let (many, few) = (network(&format!("azs: 3, {all}")), network(&format!("azs: 2, {all}")));
    assert!(few.iter().all(|(id, one)| one["Type"] == "AWS::EC2::VPCEndpoint" || many.get(id) == Some(one)));
}

/// The priority of a rule depends on its own name and no other rule; `rules` keep the order that is written.
#[test]
fn priorities_stay() {
    let rule = |name: &str| {
        format!(
            "resource {name} = std::listener_rule {{ listener: \"arn:aws:elasticloadbalancing:eu-west-1:111111111111:\
             listener/app/a/0123456789abcdef/0123456789abcdef\", target_group: \"arn:aws:elasticloadbalancing:\
             eu-west-1:111111111111:targetgroup/a/0123456789abcdef\", rule: {{ paths: [\"/{name}\"] }} }}\n"
        )
    };
    let priority = |names: &[&str], of: &str| {
        let all: String = names.iter().map(|name| rule(name)).collect();
        resources(&all)[&format!("{of}Rule")]["Properties"]["Priority"].as_u64().unwrap()
    };
    let alone = priority(&["Orders"], "Orders");
    assert_eq!(priority(&["Carts", "Orders", "Users"], "Orders"), alone);
    assert_ne!(priority(&["Carts", "Orders", "Users"], "Carts"), alone);
    assert!((1000..=50000).contains(&alone));
}

/// The program that the language was designed by: both environments, and both of its stacks in every region.
#[test]
#[cfg(feature = "aws")]
fn the_program_of_the_design_deploys() {
    use crate::support::cli::Project;

    let program = std::fs::read_to_string(super::root().join("tests/cases/build/std/shop.infra")).unwrap();
    let everywhere = program
        .replace("/// The network", "@regions(env.regions)\n/// The network")
        .replace("/// Public API", "@regions(env.regions)\n/// Public API");
    let project = Project::new(&[("shop.infra", &everywhere)]);
    for (env, regions) in [("dev", 1), ("prod", 2)] {
        let place = format!("--env {env} --sandbox=state-{env}");
        project.infra(&format!("apply --yes {place} --set api.Image=nginx")).ended(0);
        assert_eq!(project.stacks(&format!("state-{env}")).len(), 2 * regions);
        let outputs = project.infra(&format!("outputs --format json {place}")).ended(0).json();
        let urls: Vec<&str> = outputs.as_object().unwrap().values().filter_map(|o| o["Url"].as_str()).collect();
        assert_eq!(urls.len(), regions, "{outputs:#}");
        assert!(urls.iter().all(|url| url.starts_with("http://") && url.ends_with(".elb.amazonaws.com")), "{urls:?}");
        // The image that was set is kept.
        project.infra(&format!("plan --detailed-exitcode {place}")).ended(0);
    }
}
