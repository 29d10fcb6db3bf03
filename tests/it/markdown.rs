//! A plan as Markdown: complete, within what a comment holds, and no name or value gets out of its fence.

use crate::support::cli::Project;

const HEAD: &str = "project shop
account main { id: \"111111111111\" }
env dev { account: main, regions: [\"eu-west-1\"] }
";

fn project(body: &str) -> Project {
    Project::new(&[("shop.infra", format!("{HEAD}{body}").as_str())])
}

fn markdown(project: &Project) -> String {
    project.infra("plan --sandbox --allow replace:jobs/* --format markdown").ended(0).out
}

#[test]
fn a_comment_says_what_matters_first() {
    let queue =
        |name: &str| format!("service jobs {{\n  resource Queue = AWS::SQS::Queue {{ QueueName: \"{name}\" }}\n}}\n");
    let project = project(&queue("jobs"));
    let first = markdown(&project);
    assert!(first.starts_with(
        "### Plan of `shop` for `dev`\n\n**1 of 1 stack: 1 to create, 0 to update, 0 to replace, 0 to delete**\n"
    ));
    assert!(first.contains("| `jobs@dev/eu-west-1` | `+` create | 1 to create |\n"), "{first}");
    assert!(first.contains("\n+   Queue  create  AWS::SQS::Queue  shop.infra:5\n"), "{first}");
    project.infra("apply --sandbox --yes").ended(0);
    assert_eq!(markdown(&project), "### Plan of `shop` for `dev`\n\n**no changes: 1 stack as the source says**\n");

    std::fs::write(project.path("shop.infra"), format!("{HEAD}{}", queue("others"))).unwrap();
    let replaced = markdown(&project);
    let warning =
        "\n> [!CAUTION]\n> replace `Queue` (`AWS::SQS::Queue`) of `jobs@dev/eu-west-1`: its data is deleted\n";
    let (before, after) = replaced.split_once(warning).expect("the loss is told");
    assert!(!before.contains('|') && after.contains("| --- |"), "and it is told before the table");
}

#[test]
fn no_value_leaves_its_fence() {
    let text = |value: &str| {
        format!(
            "{HEAD}service jobs {{\n  resource Text = AWS::SSM::Parameter {{ Type: \"String\", Value: \"{value}\" }}\n}}\n"
        )
    };
    let project = Project::new(&[("shop.infra", text("plain").as_str())]);
    project.infra("apply --sandbox --yes").ended(0);
    let value = "````\\n</details>\\n# heading @team <img src=x>\\n::error::no\\n";
    std::fs::write(project.path("shop.infra"), text(value)).unwrap();
    let text = markdown(&project);
    let (before, rest) = text.split_once("`````diff\n").expect("a fence longer than any in the values");
    let (inside, after) = rest.split_once("\n`````\n").expect("which ends");
    for part in ["</details>", "@team", "<img", "````"] {
        assert!(inside.contains(part) && !before.contains(part), "{part}:\n{text}");
    }
    assert_eq!(after, "\n</details>\n");
    assert!(text.lines().all(|line| !line.starts_with("::") && !line.starts_with("# ")), "{text}");
}

#[test]
fn what_finds_no_room_is_counted() {
    let stack = |name: &str, resources: usize, value: &str| {
        let one = |n: usize| {
            format!("  resource P{n} = AWS::SSM::Parameter {{ Type: \"String\", Value: \"{}\" }}\n", value.repeat(400))
        };
        format!("service {name} {{\n{}}}\n", (0..resources).map(one).collect::<String>())
    };
    let all = |value: &str| [("a", 40), ("b", 60), ("c", 3)].map(|(name, n)| stack(name, n, value)).concat();
    let project = project(&all("x"));
    project.infra("apply --sandbox --yes").ended(0);
    std::fs::write(project.path("shop.infra"), format!("{HEAD}{}", all("y"))).unwrap();
    let text = markdown(&project);
    assert!(text.chars().count() <= 65_536, "{}", text.chars().count());
    assert!(text.contains("| `c@dev/eu-west-1` | `~` update | 3 to update |"));
    let more = text.lines().find(|line| line.starts_with("… ") && line.ends_with(" more lines"));
    assert!(more.is_some(), "the second stack is cut");
    assert!(text.contains("1 parts of this plan, ") || text.contains("c@dev/eu-west-1</code>"), "the third is told of");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}
