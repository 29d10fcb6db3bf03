//! `examples/backend-service` against ministack, without what ministack does not know.
//!
//! The example is cut by its syntax tree: a resource of a type ministack lacks goes, and so does every statement
//! that names something that went, until nothing more goes. What is left out is named in the test, so that a
//! newer ministack, or a change of the example, shows.

use std::collections::BTreeSet;

use infra::source::Sources;
use infra::syntax::ast::{ItemKind, Stmt, StmtKind};

use crate::support::cli::Project;
use crate::support::{ministack, venv};

/// Types of the example that ministack 1.5.33 refuses, or that it does otherwise than AWS, each with why.
const LACKING: &[(&str, &str)] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", "unrecognized"),
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "unrecognized"),
    ("AWS::CodePipeline::Pipeline", "unrecognized"),
    ("AWS::CodePipeline::Webhook", "unrecognized"),
    ("AWS::EC2::EIP", "unrecognized"),
    ("AWS::EC2::NatGateway", "unrecognized"),
    ("AWS::Logs::ResourcePolicy", "unrecognized"),
    ("Custom::S3AutoDeleteObjects", "its code would run as a process of this machine, against AWS"),
];

/// Names a statement declares, with where it stands.
struct Part {
    start: usize,
    end: usize,
    name: Option<String>,
    ty: Option<String>,
}

fn parts(statements: &[Stmt], into: &mut Vec<Part>) {
    for statement in statements {
        let (name, ty) = match &statement.kind {
            StmtKind::For(all) => {
                parts(&all.body, into);
                continue;
            }
            StmtKind::Resource(r) => (Some(r.name.name), Some(r.ty.name.to_string())),
            StmtKind::Let(l) => (Some(l.name.name), None),
            StmtKind::Output(o) => (Some(o.name.name), None),
            _ => (None, None),
        };
        let first = statement.decorators.first().map_or(statement.span, |d| d.span);
        let (start, end) = (first.start as usize, statement.span.end as usize);
        into.push(Part { start, end, name: name.map(|n| n.to_string()), ty });
    }
}

/// The text without what ministack lacks, and the names that went.
fn reduced(text: &str) -> (String, BTreeSet<String>) {
    let mut sources = Sources::default();
    let id = sources.add("example.infra", text);
    let parsed = infra::syntax::parse(sources.get(id).unwrap());
    assert!(parsed.diagnostics.is_empty());
    let mut all = Vec::new();
    for item in &parsed.file.items {
        if let ItemKind::Stack(stack) = &item.kind {
            parts(&stack.body, &mut all);
        }
    }
    let mut gone: BTreeSet<String> = BTreeSet::new();
    loop {
        let goes = |part: &Part| {
            let lacking = part.ty.as_deref().is_some_and(|ty| LACKING.iter().any(|(name, _)| *name == ty));
            let mut words = text[part.start..part.end].split(|c: char| !c.is_alphanumeric() && c != '_');
            lacking || words.any(|word| gone.contains(word))
        };
        let now: BTreeSet<String> = all.iter().filter(|p| goes(p)).filter_map(|p| p.name.clone()).collect();
        if now == gone {
            break;
        }
        gone = now;
    }
    let mut out = text.to_owned();
    for part in all.iter().rev().filter(|p| p.name.as_ref().is_some_and(|name| gone.contains(name))) {
        out.replace_range(part.start..part.end, "");
    }
    (out, gone)
}

#[test]
fn the_example_runs_on_ministack_without_what_it_lacks() {
    let project = Project::example("backend-service");
    let account = ministack::account();
    let mut gone = BTreeSet::new();
    for name in ["platform.infra", "backend.infra"] {
        let (text, names) = reduced(&std::fs::read_to_string(project.path(name)).unwrap());
        // ministack fails at `Fn::GetAtt Vpc.CidrBlock`; on AWS it is an attribute like any other.
        project.write(name, text.replace("Vpc.CidrBlock", "vpc_cidr"));
        gone.extend(names);
    }
    let head = std::fs::read_to_string(project.path("project.infra")).unwrap();
    project.write("project.infra", head.replace("111111111111", &account));
    let expected = [
        "ArtifactsEmptied",
        "CpuScaling",
        "Hook",
        "LogsPolicy",
        "Nat",
        "NatAddress",
        "Pipeline",
        "PrivateDefault",
        "Scaling",
    ];
    assert_eq!(gone.iter().map(String::as_str).collect::<Vec<_>>(), expected, "what the example runs without");

    let on = |line: &str| project.infra(&format!("{line} --env dev --endpoint {}", ministack::address()));
    on("apply --yes").ended(0);
    let again = on("plan --detailed-exitcode").ended(0);
    assert!(again.out.contains("no changes"), "{}", again.out);
    let change = on("plan --detailed-exitcode --set backend.Image=repo:2").ended(2);
    assert!(change.out.contains("Task") && change.out.contains("replace"), "{}", change.out);
    assert!(change.out.contains("skipped: platform@dev/us-east-1"), "{}", change.out);
    on("apply --yes --set backend.Image=repo:2").ended(0);
    on("plan --detailed-exitcode").ended(0);
    let told = |expression: &str| {
        let program = format!(
            "import boto3, json\n\
             def c(s): return boto3.client(s, region_name='us-east-1', endpoint_url='{}', \
             aws_access_key_id='{account}', aws_secret_access_key='x')\n\
             print(json.dumps({expression}))",
            ministack::address()
        );
        venv::python(&program, &[]).trim().to_owned()
    };
    let image = "c('ecs').describe_task_definition(taskDefinition='ecsdemo-backend')['taskDefinition']\
                 ['containerDefinitions'][0]['image']";
    assert_eq!(told(image), "\"repo:2\"");
    let subnets = "len(c('ec2').describe_subnets(Filters=[{'Name': 'cidr-block', 'Values': ['10.0.0.0/19', \
                   '10.0.160.0/19']}])['Subnets'])";
    assert_eq!(told(subnets), "2");
    on("destroy --yes --allow delete:*").ended(0);
    assert_eq!(told("[s['StackName'] for s in c('cloudformation').describe_stacks()['Stacks']]"), "[]");
}
