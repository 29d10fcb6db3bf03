//! Contracts and bindings: what one project promises another, and what is there in AWS.

use std::process::Command;

use serde_json::Value;

use crate::support::cli::{Project, Said, run};

const PLATFORM: &str = r#"project platform
account nonprod { id: "111111111111" }
account prod { id: "222222222222" }
env dev { account: nonprod, regions: ["eu-west-1"], azs: 2 }
env prod { account: prod, regions: ["eu-west-1"], azs: 3 }

/// What every service stands on
core network {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }
  for i in 0..env.azs {
    resource Private[i] = AWS::EC2::Subnet { VpcId: Vpc, CidrBlock: cidr_subnet("10.0.0.0/16", 8, i) }
  }
  if env.name == "prod" {
    resource Alarms = AWS::SNS::Topic {}
  }

  /// The one network
  output Vpc
  output Subnets = [for s in Private: s.SubnetId]
  output Alarms = Alarms?.TopicArn
  output Port = 80
}

core silent {
  resource Topic = AWS::SNS::Topic {}
}
"#;

const SHOP: &str = r#"project shop
account nonprod { id: "111111111111" }
account prod { id: "222222222222" }
env dev { account: nonprod, regions: ["eu-west-1"] }
env prod { account: prod, regions: ["eu-west-1"] }

extern core network from "contracts/network.json"

service api {
  resource Group = AWS::EC2::SecurityGroup { GroupDescription: "api", VpcId: network.Vpc }
  for i, subnet in network.Subnets {
    resource Card[i] = AWS::EC2::NetworkInterface { SubnetId: subnet, GroupSet: [Group.GroupId] }
  }
  resource Note = AWS::SSM::Parameter { Type: "String", Value: network.Alarms ?? "none" }
}
"#;

/// Both projects, each in its folder, the contract copied from one to the other.
fn both() -> Project {
    let project = Project::new(&[("platform/main.infra", PLATFORM), ("shop/main.infra", SHOP)]);
    project.infra("-C platform contract write").ended(0);
    copy(&project);
    project
}

fn copy(project: &Project) {
    let text = std::fs::read(project.path("platform/contracts/network.json")).unwrap();
    project.write("shop/contracts/network.json", text);
}

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    project.write(file, text.replacen(from, to, 1));
}

fn contract(project: &Project) -> Value {
    serde_json::from_slice(&std::fs::read(project.path("platform/contracts/network.json")).unwrap()).unwrap()
}

#[test]
fn a_contract_says_what_there_is_where_and_is_written_once() {
    let project = Project::new(&[("platform/main.infra", PLATFORM)]);
    let said = project.infra("-C platform contract write").ended(0);
    assert_eq!(said.err, "platform/contracts/network.json: written\n", "cores without outputs promise nothing");
    let written = contract(&project);
    assert_eq!((&written["project"], &written["kind"]), (&"platform".into(), &"core".into()));
    assert_eq!(written["outputs"]["Vpc"]["type"], "AWS::EC2::VPC.VpcId");
    assert_eq!(written["outputs"]["Vpc"]["description"], "The one network");
    assert_eq!(written["outputs"]["Subnets"]["type"], "[AWS::EC2::Subnet.SubnetId]");
    assert_eq!(written["outputs"]["Port"]["type"], "Int");
    assert_eq!(written["instances"][0]["name"], "platform-network-dev");
    assert_eq!(written["instances"][0]["lengths"]["Subnets"], 2);
    assert_eq!(written["instances"][0]["without"][0], "Alarms");
    assert_eq!(written["instances"][1]["account"], "222222222222");
    assert_eq!(written["instances"][1]["lengths"]["Subnets"], 3);
    // Again: equal byte for byte, in a file, to stdout.
    let text = std::fs::read_to_string(project.path("platform/contracts/network.json")).unwrap();
    assert_eq!(
        project.infra("-C platform contract write").ended(0).err,
        "platform/contracts/network.json: as it was\n"
    );
    assert_eq!(project.infra("-C platform contract write network -o -").ended(0).out, text);
    let missing = project.infra("-C platform contract write nowhere").ended(1).err;
    assert!(missing.contains("no stack `nowhere` here; there are: network, silent"), "{missing}");
    let two = project.infra("-C platform contract write network silent -o x.json").ended(1).err;
    assert!(two.contains("`-o` is the file of one stack"), "{two}");
}

#[test]
fn a_consumer_is_checked_against_its_copy_offline() {
    let project = both();
    assert_eq!(project.infra("-C shop check").ended(0).err, "no problems found\n");
    let cards = |env: &str| {
        project.infra(&format!("-C shop build --env {env} -o out/{env}")).ended(0);
        let text =
            std::fs::read_to_string(project.path(&format!("out/{env}/templates/api@{env}@eu-west-1.json"))).unwrap();
        let template: Value = serde_json::from_str(&text).unwrap();
        let resources = template["Resources"].as_object().unwrap();
        let note = resources["Note"]["Properties"]["Value"].clone();
        (resources.keys().filter(|id| id.starts_with("Card")).count(), note)
    };
    // The length of a list, and what is not there, are known of each environment.
    assert_eq!(cards("dev"), (2, "none".into()));
    assert_eq!(cards("prod").0, 3);
    assert_eq!(cards("prod").1["Ref"], "NetworkAlarms");
    edit(&project, "shop/main.infra", "VpcId: network.Vpc", "VpcId: network.Subnets[0]");
    let said = project.infra("-C shop check").ended(1).err;
    assert!(said.starts_with("wrong-identifier"), "{said}");
    edit(&project, "shop/main.infra", "network.Subnets[0]", "network.Vcp");
    let said = project.infra("-C shop check").ended(1).err;
    assert!(said.starts_with("unknown-output") && said.contains("write `Vpc`"), "{said}");
    // Wishing does not make it so.
    edit(&project, "shop/main.infra", "network.Vcp", "network.Vpc");
    edit(&project, "shop/contracts/network.json", "AWS::EC2::VPC.VpcId", "String");
    let said = project.infra("-C shop check").ended(1).err;
    assert!(
        said.starts_with("bad-value") && said.contains("digest") && said.contains("contracts/network.json:"),
        "{said}"
    );
}

#[test]
fn a_reader_of_another_project_is_told_what_is_deprecated() {
    let project = both();
    let sandbox = |line: &str| project.infra(&format!("{line} --sandbox=s"));
    let apply = || ["dev", "prod"].map(|env| sandbox(&format!("-C platform apply --env {env} --yes")).ended(0));
    apply();
    edit(
        &project,
        "platform/main.infra",
        "  /// The one network\n",
        "  @deprecated(\"read `Net`\")\n  /// The one network\n",
    );
    edit(&project, "platform/main.infra", "  output Port", "  output Net = Vpc\n  output Port");
    let said = project.infra("-C platform contract check").ended(2).out;
    assert!(said.contains("compatible  output Vpc is deprecated now: read `Net`"), "{said}");
    project.infra("-C platform contract write").ended(0);
    assert_eq!(contract(&project)["outputs"]["Vpc"]["deprecated"], "read `Net`");
    assert!(project.infra("-C shop check").ended(0).err.contains("no problems found"), "the copy is not new yet");
    copy(&project);
    let warned = || {
        let said = project.infra("-C shop check").ended(0).err;
        assert!(said.starts_with("deprecated") && said.contains("`network.Vpc` is deprecated"), "{said}");
        assert!(said.contains("main.infra:10:") && said.contains("read `Net`"), "{said}");
    };
    warned();
    // What is deployed carries it too, once it is deployed: that alone is no change of a resource.
    apply();
    sandbox("-C platform plan --env dev --detailed-exitcode").ended(0);
    std::fs::remove_file(project.path("shop/contracts/network.json")).unwrap();
    for env in ["dev", "prod"] {
        let line = format!("contract write --from-deployed platform-network-{env} --env {env}");
        sandbox(&format!("-C shop {line} -o shop/contracts/network.json")).ended(0);
    }
    warned();
}

#[test]
fn an_output_that_another_project_reads_as_deployed_is_kept() {
    let project = both();
    let sandbox = |line: &str, code: i32| project.infra(&format!("{line} --sandbox=s")).ended(code);
    sandbox("-C platform apply --env dev --yes", 0);
    sandbox("-C shop apply --env dev --yes", 0);
    edit(&project, "platform/main.infra", "  output Vpc\n", "  output Network = Vpc\n");
    let refused = sandbox("-C platform plan --env dev", 1).err;
    assert!(refused.starts_with("still-used"), "{refused}");
    assert!(refused.contains("`network@dev/eu-west-1` would lose the output `Vpc`"), "{refused}");
    let unbroken = refused.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(unbroken.contains("keep `Vpc` until project `shop` has deployed a version"), "{unbroken}");
    // Of two environments of one project in one account, only the one that is read is held.
    sandbox("-C platform apply --env prod --yes", 0);
    sandbox("-C platform destroy --env dev --yes", 1);
    sandbox("-C shop destroy --env dev --yes", 0);
    sandbox("-C platform plan --env dev", 0);
    sandbox("-C platform destroy --env dev --yes", 0);
}

#[test]
fn what_would_break_a_reader_is_told_from_what_would_not() {
    let project = both();
    let check = |code: i32| project.infra("-C platform contract check").ended(code).out;
    assert_eq!(check(0), "platform/contracts/network.json: as written\n");
    edit(
        &project,
        "platform/main.infra",
        "  output Port = 80\n",
        "  output Port = 80\n  output Cidr = Vpc.CidrBlock\n",
    );
    let more = check(2);
    assert!(more.contains("compatible  output Cidr is new: `"), "{more}");
    assert!(more.contains("infra contract write network"), "{more}");
    edit(&project, "platform/main.infra", "  output Port = 80\n", "");
    edit(&project, "platform/main.infra", "output Vpc\n", "output Vpc = Vpc.CidrBlock\n");
    edit(&project, "platform/main.infra", "azs: 3", "azs: 2");
    edit(&project, "platform/main.infra", "core network", "@stack_name(\"net-${env.name}\")\ncore network");
    let less = check(1);
    for line in [
        "breaking    output Port is gone; it was `Int`",
        "breaking    output Vpc is `",
        "breaking    instance prod/eu-west-1 has 2 items in Subnets now, it had 3",
        "breaking    instance dev/eu-west-1 is stack `net-dev` now, it was `platform-network-dev`",
        "compatible  output Cidr is new",
    ] {
        assert!(less.contains(line), "{line}\n{less}");
    }
    let json =
        project.infra("-C platform contract check platform/contracts/network.json --format json").ended(1).json();
    let one = &json["contracts"][0];
    assert_eq!((&one["breaking"], &one["against"]), (&true.into(), &"source".into()));
    assert_ne!(one["digest"], one["current_digest"]);
    assert!(one["differences"].as_array().unwrap().iter().any(|d| d["kind"] == "compatible"));
    project.infra("-C platform contract write").ended(0);
    assert_eq!(check(0), "platform/contracts/network.json: as written\n");
    // A stack that is gone; a copy in another project, of which the source is not here.
    edit(&project, "platform/main.infra", "core network", "core grid");
    assert!(check(1).contains("breaking    stack is not in the source any more"));
    let copy = project.infra("-C shop contract check").ended(0).out;
    assert!(copy.contains("of project `platform`; `--deployed` holds it"), "{copy}");
}

#[test]
fn a_contract_is_taken_from_what_is_deployed_and_held_against_it() {
    let project = both();
    let sandbox = |line: &str| project.infra(&format!("{line} --sandbox=s"));
    let not_there = sandbox("-C shop contract check --deployed").ended(1).out;
    assert!(not_there.contains("breaking    stack is not deployed"), "{not_there}");
    sandbox("-C platform apply --env dev --yes").ended(0);
    sandbox("-C platform apply --env prod --yes").ended(0);
    assert_eq!(sandbox("-C shop contract check --deployed").ended(0).out, "shop/contracts/network.json: as written\n");
    // Without the source: one environment after the other makes the same contract.
    project.write("shop/contracts/network.json", "");
    std::fs::remove_file(project.path("shop/contracts/network.json")).unwrap();
    for env in ["dev", "prod"] {
        let line = format!(
            "-C shop contract write --from-deployed platform-network-{env} --env {env} -o shop/contracts/network.json"
        );
        sandbox(&line).ended(0);
    }
    let text = |path: &str| std::fs::read_to_string(project.path(path)).unwrap();
    assert_eq!(text("shop/contracts/network.json"), text("platform/contracts/network.json"));
    let nothing = sandbox("-C shop contract write --from-deployed nowhere --env dev -o x.json").ended(1).err;
    assert!(nothing.contains("is not there, or says nothing of its interface"), "{nothing}");
    // What is deployed moves on.
    edit(&project, "platform/main.infra", "  output Port = 80\n", "");
    sandbox("-C platform apply --env dev --yes").ended(0);
    let gone = sandbox("-C shop contract check --deployed").ended(1).out;
    assert!(gone.contains("breaking    instance dev/eu-west-1 has no Port any more"), "{gone}");
    // The whole of it works together.
    sandbox("-C shop apply --env dev --yes").ended(0);
    assert!(project.living("s").contains_key("shop-api-dev"));
}

/// A project that binds its network to a stack of others, and how its plan ends.
fn bound(project: &Project, to: &str) -> Said {
    let main = format!(
        r#"project shop
account nonprod {{ id: "111111111111" }}
env dev {{ account: nonprod, regions: ["eu-west-1"], bind: {{ network: stack("{to}") }} }}

core network {{
  resource Vpc = AWS::EC2::VPC {{ CidrBlock: "10.0.0.0/16" }}
  resource Subnet = AWS::EC2::Subnet {{ VpcId: Vpc, CidrBlock: "10.0.0.0/24" }}

  output Vpc
  output Subnets = [Subnet.SubnetId]
  output Unused = "nobody reads this"
}}

service api {{
  resource Group = AWS::EC2::SecurityGroup {{ GroupDescription: "api", VpcId: network.Vpc }}
  resource Cards = AWS::SSM::Parameter {{ Type: "StringList", Value: join(",", network.Subnets) }}
}}
"#
    );
    project.write("bound/main.infra", main);
    let mut command: Command = project.command(&["-C", "bound", "plan", "--env", "dev", "--sandbox=s"]);
    command.env("NO_COLOR", "1");
    run(command)
}

#[test]
fn a_bound_stack_is_held_against_the_source_before_anything_is_written() {
    let theirs = |outputs: &str| {
        format!(
            "project theirs\naccount nonprod {{ id: \"111111111111\" }}\nenv dev {{ account: nonprod, regions: [\"eu-west-1\"] }}\n\
             @stack_name(\"theirs\")\ncore net {{\n  resource Vpc = AWS::EC2::VPC {{ CidrBlock: \"10.0.0.0/16\" }}\n  \
             resource A = AWS::EC2::Subnet {{ VpcId: Vpc, CidrBlock: \"10.0.0.0/24\" }}\n  \
             resource B = AWS::EC2::Subnet {{ VpcId: Vpc, CidrBlock: \"10.0.1.0/24\" }}\n{outputs}}}\n"
        )
    };
    let project = Project::new(&[]);
    let deploy = |outputs: &str| {
        project.write("theirs/main.infra", theirs(outputs));
        project.infra("-C theirs apply --env dev --yes --sandbox=s").ended(0);
    };
    let told = |to: &str, code: &str, parts: &[&str]| {
        let said = bound(&project, to).ended(1).err;
        assert!(said.starts_with(code), "{said}");
        for part in parts.iter().chain(&["stands for `network`"]) {
            assert!(said.contains(part), "no {part} in\n{said}");
        }
        assert!(!project.living("s").contains_key("shop-api-dev"));
    };
    deploy("  output Vpc\n  output Subnets = [A.SubnetId]\n");
    told("nowhere", "not-deployed", &["there is no stack `nowhere` in nonprod/eu-west-1", "main.infra:3:"]);
    bound(&project, "theirs").ended(0);
    deploy("  output Vpc\n  output Subnet = A.SubnetId\n");
    told("theirs", "unknown-output", &["has no output `Subnets`", "it has `Subnet`", "read here"]);
    deploy("  output Vpc\n  output Subnets = [A.SubnetId, B.SubnetId]\n");
    told("theirs", "type-mismatch", &["has 2 items, and what reads it is built for 1"]);
    // A text that looks like one will do; what the stack itself says is another thing will not.
    deploy("  output Vpc = \"vpc-0123456789abcdef0\"\n  output Subnets = [A.SubnetId]\n");
    bound(&project, "theirs").ended(0);
    deploy("  output Vpc = A.SubnetId\n  output Subnets = [A.SubnetId]\n");
    told("theirs", "type-mismatch", &["it is", "`AWS::EC2::Subnet.SubnetId`, not `AWS::EC2::VPC.VpcId`"]);
}
