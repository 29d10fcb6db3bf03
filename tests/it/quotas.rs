//! Quotas that a program passes, each with what makes it so.

use crate::support::cli::Project;

const HEAD: &str = "project p\naccount a { id: \"111111111111\" }\nenv dev { account: a, regions: [\"eu-west-1\"] }\n";

/// What `infra check` says, as one line.
#[track_caller]
fn said(files: &[(&str, &str)]) -> String {
    let project = Project::new(files);
    let said = project.infra("check").ended(1).err;
    said.split(|c: char| c.is_whitespace() || "│·".contains(c)).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(program: &str, all: &[&str]) {
    let said = said(&[("main.infra", &format!("{HEAD}{program}"))]);
    for one in all {
        assert!(said.contains(one), "{one}\n{said}");
    }
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| line(n) + "\n").collect()
}

#[test]
fn too_many_parameters_are_told_by_where_they_come_from() {
    let outputs = |count| lines(count, |n| format!("output O{n} = \"x\""));
    let read = |from: &str, count| {
        lines(count, |n| format!("resource {}{n} = AWS::SNS::Topic {{ TopicName: {from}.O{n} }}", from.to_uppercase()))
    };
    says(
        &format!(
            "core one {{\n{}}}\ncore two {{\n{}}}\nservice api {{\n{}{}{}}}\n",
            outputs(150),
            outputs(40),
            lines(12, |n| format!("input I{n}: String\nresource R{n} = AWS::SNS::Topic {{ DisplayName: I{n} }}")),
            read("one", 150),
            read("two", 40)
        ),
        &[
            "`api` has 202 parameters, and a stack takes at most 200",
            "it has 150 outputs of `one@dev/eu-",
            "40 outputs of `two@dev/eu-west-1`, 12 inputs",
        ],
    );
}

#[test]
fn the_first_output_too_many_is_shown() {
    let outputs = lines(203, |n| format!("output O{n} = \"x\""));
    says(
        &format!("core one {{\n{outputs}}}\n"),
        &["`one` has 203 outputs, and a stack takes at most 200", "output O200", "the first one too many"],
    );
}

#[test]
fn secrets_and_tags_are_told_by_name() {
    let database = |name: &str| {
        format!(
            "resource {name} = AWS::RDS::DBInstance {{\nDBInstanceClass: \"db.t4g.micro\"\nEngine: \"postgres\"\n\
             AllocatedStorage: \"20\"\nMasterUsername: secret(\"s\", \"user\")\n\
             MasterUserPassword: secret(\"s\", \"password\")\n}}\n"
        )
    };
    let many = lines(30, |n| database(&format!("Db{n:02}")));
    let one = database("Plain").replace("secret(\"s\", \"user\")", "\"app\"");
    says(
        &format!("core one {{\n{many}{one}}}\n"),
        &[
            "`one` has 61 dynamic references, and a stack takes at most 60",
            "there are 2 in `Db00`, 2 in `Db01`, 2 in `Db02`, 2 in `Db03`, 2 in `Db04`, 26 other resources",
        ],
    );
    let tags: Vec<String> = (0..48).map(|n| format!("t{n:02}: \"x\"")).collect();
    let tagged = format!("{{ account: a, tags: {{ {} }},", tags.join(", "));
    let program = format!("{HEAD}core one {{}}\n").replace("{ account: a,", &tagged);
    let said = said(&[("main.infra", &program)]);
    for one in ["`one` has 51 tags", "the others are `t00`, `t01`, `t02`, `t03`, `t04` and 43 more"] {
        assert!(said.contains(one), "{one}\n{said}");
    }
}

#[test]
fn an_existing_template_is_measured_too() {
    let mappings: String = lines(201, |n| format!("  M{n}: {{ a: {{ b: c }} }}"));
    let large: String = lines(3, |n| {
        let text = "x".repeat(200_000 * (n + 1));
        format!("  T{n}: {{ Type: AWS::SNS::Topic, Metadata: {{ note: \"{text}\" }} }}")
    });
    let template = format!("Mappings:\n{mappings}Resources:\n{large}");
    let program = format!("{HEAD}core legacy = template(\"legacy.yaml\")\n");
    let said = said(&[("main.infra", &program), ("legacy.yaml", &template)]);
    for one in [
        "`legacy` has 201 mappings, and a stack takes at most 200",
        "the first one too many",
        "and at most 1,000,000 are allowed",
        "split the template; its largest resources are, in bytes: `T2` 600,0",
    ] {
        assert!(said.contains(one), "{one}\n{said}");
    }
}
