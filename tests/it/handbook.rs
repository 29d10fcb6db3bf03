//! `infra doc`, and what `infra explain` says of the standard library.

use infra::semantics::handbook;

use crate::support::cli::Project;

const PROJECT: &str = r#"/// All of the shop.
project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"], branch: "develop" }

use "lib" as lib

/// Days | nights that logs are kept
param retention: Int(1..) = 30

/// The network.
core network {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }

  for i in 0..2 {
    /// One for each zone
    resource Public[i] = AWS::EC2::Subnet { VpcId: Vpc, CidrBlock: cidr_subnet("10.0.0.0/16", 8, i) }
  }

  /// Where all live
  output Vpc
  output Many: [String] = [for s in Public: s.SubnetId]
}

extern core legacy { stack: "legacy", Zone: String }

service api {
  /// The image
  /// to run
  ///
  /// Kept where it is not set
  input Image: String
  param size: "small" | "large" = "small"

  resource Jobs = lib::queue { name: "jobs" }
}

test "two subnets" for dev {
  assert len(network.Public) == 2
}
"#;

const LIBRARY: &str = r#"/// A queue. With a second one for what fails.
component queue {
  /// Its name
  param name: String
  param delay: Int?

  resource Main = AWS::SQS::Queue { QueueName: name, DelaySeconds: delay }

  output url = Main
}

/// Twice as much
fn double(x: Int, times: Int = 2): Int = x * times

type Port = Int(1..65535)
"#;

const PAGE: &str = r#"# shop

All of the shop.

## Environments

| environment | account | regions | branch |
| --- | --- | --- | --- |
| `dev` | `nonprod` | `["eu-west-1"]` | `"develop"` |

## Settings

| param | type | default | meaning |
| --- | --- | --- | --- |
| `retention` | `Int(1..)` | `30` | Days \| nights that logs are kept |

## Stacks

### core network

The network.

| resource | type | meaning |
| --- | --- | --- |
| `Vpc` | `AWS::EC2::VPC` | |
| `Public[i]` | `AWS::EC2::Subnet` | One for each zone |

| output | type | value | meaning |
| --- | --- | --- | --- |
| `Vpc` | | | Where all live |
| `Many` | `[String]` | `[for s in Public: s.SubnetId]` | |

### extern core legacy

| output | type |
| --- | --- |
| `Zone` | `String` |

### service api

| input | type | default | meaning |
| --- | --- | --- | --- |
| `Image` | `String` | required | The image to run<br>Kept where it is not set |

| param | type | default |
| --- | --- | --- |
| `size` | `"small" \| "large"` | `"small"` |

| resource | type |
| --- | --- |
| `Jobs` | `lib::queue` |

## Tests

| test | environments |
| --- | --- |
| two subnets | `dev` |
"#;

const MODULE: &str = r#"# lib

`use "…" as lib` brings in what follows.

| name | what it is |
| --- | --- |
| [`lib::queue`](#libqueue) | A queue |
| [`lib::double`](#libdouble) | Twice as much |
| [`lib::Port`](#libport) | |

## Components

### lib::queue

A queue. With a second one for what fails.

`resource Name = lib::queue { name: … }`

| param | type | default | meaning |
| --- | --- | --- | --- |
| `name` | `String` | required | Its name |
| `delay` | `Int?` | | |

| output | value |
| --- | --- |
| `url` | `Main` |

Made of `AWS::SQS::Queue`.

## Functions

### lib::double

`lib::double(x: Int, times: Int = 2): Int`

Twice as much

## Types

### lib::Port

`Int(1..65535)`
"#;

fn project() -> Project {
    Project::new(&[("main.infra", PROJECT), ("lib/queue.infra", LIBRARY)])
}

#[test]
fn a_project_is_told() {
    let said = project().infra("doc").ended(0);
    assert_eq!(said.out, format!("{PAGE}\n{MODULE}"));
    assert_eq!(said.err, "");
}

#[test]
fn a_page_for_the_project_and_each_module() {
    let project = project();
    assert_eq!(project.infra("doc -o out").ended(0).err, "2 files in out\n");
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    assert_eq!((read("out/shop.md").as_str(), read("out/lib.md").as_str()), (PAGE, MODULE));
}

#[test]
fn what_cannot_be_read_is_not_told() {
    let said = Project::new(&[("main.infra", "project p\ncore {}\n")]).infra("doc").ended(1);
    assert!(said.out.is_empty() && said.err.contains("syntax"), "{said:?}");
}

#[test]
fn the_standard_library_is_told_and_explained() {
    let project = Project::new(&[]);
    assert_eq!(project.infra("doc --std").ended(0).out, handbook::library());
    let page = handbook::library();
    for (name, _) in handbook::names_in_library() {
        let said = handbook::of_library(&name).unwrap();
        assert!(said.starts_with(&format!("# std::{name}\n")), "{said}");
        // The same words as on the page, under a heading of its own.
        let (_, rest) = said.split_once('\n').unwrap();
        assert!(page.contains(rest.trim()), "{said}");
    }
    assert_eq!(project.infra("explain std::network").ended(0).out, handbook::of_library("network").unwrap());
    let all = project.infra("explain std::").ended(0).out;
    assert_eq!(all.lines().count(), handbook::names_in_library().len());
    let said = project.infra("explain std::clustr").ended(1);
    assert!(said.err.contains("the nearest is `std::cluster`"), "{}", said.err);
}

/// What is wrong inside a component of `std` is shown where it is written, and that file can be opened.
#[test]
fn problems_in_the_standard_library_show_its_source() {
    let project = Project::new(&[(
        "main.infra",
        "project p\naccount a { id: \"111111111111\" }\nenv dev { account: a, regions: [\"eu-west-1\"] }\n\ncore c {\n  resource Main = std::cluster { exec_logs: true, exec_log_days: 31 }\n}\n",
    )]);
    let said = project.infra("check").ended(1);
    let place = said.err.lines().find_map(|line| line.split_once("╭─[std:/")).expect("a place in the library").1;
    let (file, rest) = place.split_once(':').unwrap();
    let line: usize = rest.split_once(':').unwrap().0.parse().unwrap();
    let source = project.infra(&format!("explain std:/{file}")).ended(0).out;
    let shown = source.lines().nth(line - 1).unwrap();
    assert!(said.err.contains(&format!("{line} │ {shown}")), "{shown}\n{}", said.err);
    assert!(said.err.contains("[main.infra:6:"), "the use is shown too: {}", said.err);
    let json = project.infra("check --format json").ended(1).json();
    let files: Vec<&str> =
        json["diagnostics"][0]["labels"].as_array().unwrap().iter().map(|l| l["file"].as_str().unwrap()).collect();
    assert!(files.iter().any(|f| f.starts_with("std:/")) && files.contains(&"main.infra"), "{json:#}");
    assert!(project.infra("explain std:/clustr.infra").ended(1).err.contains("the nearest is `std:/cluster.infra`"));
}
