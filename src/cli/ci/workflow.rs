//! The text of a workflow of GitHub Actions.
//!
//! What a program names is checked by the caller to hold plain letters only, and is quoted all the same.

use std::fmt::Write as _;
use std::sync::Arc;

/// Actions by the commit that their version means: a tag can be moved.
const CHECKOUT: &str = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0";
const CREDENTIALS: &str = "aws-actions/configure-aws-credentials@a03048d87541d1d9fcf2ecf528a4a65ba9bd7838 # v5.0.0";

/// Which workflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Of pull requests.
    Plan,
    /// Of what is pushed.
    Apply,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Plan, Self::Apply];

    /// The name of its file.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Plan => "infra-plan.yml",
            Self::Apply => "infra-apply.yml",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// What is done for one environment.
#[derive(Debug)]
pub(super) struct Job {
    pub env: String,
    pub branch: String,
    pub partition: &'static str,
    /// Twelve digits.
    pub account: String,
    /// The primary region.
    pub region: String,
    /// The project's folder in the repository.
    pub folder: Option<Arc<str>>,
}

/// The whole file.
pub(super) fn workflow(kind: Kind, jobs: &[Job], role: &str, install: &str) -> String {
    let verb = kind.verb();
    let event = match kind {
        Kind::Plan => "pull_request",
        Kind::Apply => "push",
    };
    let branches: Vec<String> = jobs.iter().map(|job| quoted(&job.branch)).collect();
    let mut out = format!("name: infra {verb}\n\non:\n  {event}:\n    branches: [{}]\n", branches.join(", "));
    // Rights are given job by job.
    out.push_str("\npermissions: {}\n\njobs:\n");
    let all: Vec<String> = jobs.iter().map(|one| job(kind, one, role, install)).collect();
    out + &all.join("\n")
}

fn job(kind: Kind, job: &Job, role: &str, install: &str) -> String {
    let Job { env, branch, .. } = job;
    let verb = kind.verb();
    let mut out = format!("  {env}:\n    name: {verb} {env}\n");
    let mut line = |text: String| {
        out.push_str("    ");
        let _ = writeln!(out, "{text}");
    };
    match kind {
        Kind::Plan => {
            line("# A request of a fork gets no credentials.".to_owned());
            line(format!(
                "if: github.base_ref == '{branch}' && github.event.pull_request.head.repo.full_name == github.repository"
            ));
        }
        Kind::Apply => {
            line(format!("if: github.ref == 'refs/heads/{branch}'"));
            line("# Who may run this, and after whose approval, is a rule of this environment.".to_owned());
            line(format!("environment: {}", quoted(env)));
            line(format!(
                "concurrency:\n      group: {}\n      cancel-in-progress: false",
                quoted(&format!("infra-{env}"))
            ));
        }
    }
    line("runs-on: ubuntu-24.04".to_owned());
    line(format!("timeout-minutes: {}", if kind == Kind::Plan { 30 } else { 360 }));
    line("permissions:\n      contents: read\n      id-token: write".to_owned());
    line("steps:".to_owned());
    line(format!("  - uses: {CHECKOUT}\n        with:\n          persist-credentials: false"));
    line(format!("  - name: Install infra\n        run: {}", quoted(install)));
    line(format!(
        "  - uses: {CREDENTIALS}\n        with:\n          role-to-assume: {}\n          aws-region: {}",
        quoted(&arn(job, role)),
        quoted(&job.region)
    ));
    let step = match kind {
        Kind::Plan => "Plan",
        Kind::Apply => "Apply",
    };
    line(format!("  - name: {step}"));
    if let Some(folder) = &job.folder {
        line(format!("    working-directory: {}", quoted(folder)));
    }
    // `exec`: a cancelled job signals the shell, and infra then stands in its place.
    line(match kind {
        Kind::Plan => {
            format!("    run: exec infra plan --env {env} --format markdown >> \"$GITHUB_STEP_SUMMARY\"")
        }
        Kind::Apply => format!("    run: exec infra apply --env {env} --yes"),
    });
    out
}

/// The ARN of a role that is told by its name in the environment's account.
fn arn(job: &Job, role: &str) -> String {
    match role.starts_with("arn:") {
        true => role.to_owned(),
        false => format!("arn:{}:iam::{}:role/{role}", job.partition, job.account),
    }
}

/// A text in double quotes: YAML takes those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
