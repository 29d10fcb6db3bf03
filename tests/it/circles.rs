//! What the help of a cycle proposes, works: the cases with the device applied deploy to the sandbox, and each differs
//! from its wrong one by what that help says.

use std::fs;
use std::path::Path;

use crate::support::cli::Project;

const FOLDER: &str = "tests/cases/check/cycles/devices";

/// The wrong case, what is said of it, the right case, and what of the help the right one writes.
const DEVICES: &[(&str, &[&str])] = &[
    ("key_policy", &["dev.account.id"]),
    ("bucket_policy", &["e.account.id"]),
    ("trust", &["aws.account_id"]),
    ("fixed_name", &["name: \"shop-deploy-${env.name}\"", "std::role_arn(\"shop-deploy-dev\", dev.account.id)"]),
    ("named_already", &["std::role_arn(\"deploy\")"]),
    (
        "late",
        &[
            "name: \"artifacts\"",
            "roles: [roles.DeployName]",
            "allow: std::grant_read(Store.arn)",
            "output DeployName = Deploy.name",
        ],
    ),
    (
        "apart",
        &[
            "core roles_access",
            "@in(tools, [\"eu-west-1\"])",
            "roles: [roles.Deploy]",
            "allow: std::grant_read(artifacts[dev].Store)",
        ],
    ),
    ("regions", &["if aws.region == \"eu-west-1\"", "Store.name else base[\"eu-west-1\"].Store"]),
];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name)).unwrap()
}

#[test]
fn every_device_is_proposed_and_deploys() {
    for (case, written) in DEVICES {
        let (said, right) = (read(&format!("{case}.snap")), read(&format!("{case}_right.infra")));
        // Help is wrapped for a terminal.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (helps, right_words) = (words(&said), words(&right));
        for part in *written {
            assert!(
                helps.replace("- ", "-").contains(&part.replace("- ", "-")),
                "{case}: no help says `{part}`\n{said}"
            );
            assert!(right_words.contains(part), "{case}: the right case does without `{part}`");
        }
        let project = Project::new(&[("main.infra", &right)]);
        project.infra("apply --all --sandbox=s --yes").ended(0);
        let rest = project.infra("plan --all --sandbox=s --detailed-exitcode").ended(0);
        assert!(rest.out.starts_with("no changes"), "{case}: {}", rest.out);
    }
}

#[test]
fn every_right_case_is_listed() {
    let names = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<String> = names.filter_map(|name| Some(name.strip_suffix("_right.infra")?.to_owned())).collect();
    let mut listed: Vec<&str> = DEVICES.iter().map(|(case, _)| *case).collect();
    there.sort();
    listed.sort_unstable();
    assert_eq!(there, listed);
}
