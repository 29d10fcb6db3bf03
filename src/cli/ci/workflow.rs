//! The text of a workflow of GitHub Actions.
//!
//! What a program names is checked by the caller to hold plain letters only, and is quoted all the same. A job has the
//! rights that it needs and no others: what reaches AWS cannot write to the repository, and what comments runs none of
//! its code.

use std::fmt::Write as _;
use std::sync::Arc;

/// Actions by the commit that their version means: a tag can be moved.
const CHECKOUT: &str = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0";
const CREDENTIALS: &str = "aws-actions/configure-aws-credentials@a03048d87541d1d9fcf2ecf528a4a65ba9bd7838 # v5.0.0";
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2";
const DOWNLOAD: &str = "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0";

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
}

/// What is done for one environment.
#[derive(Debug)]
pub(super) struct Job {
    pub project: String,
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

/// What all jobs share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup<'a> {
    /// The command that puts `infra` on the path.
    pub install: &'a str,
    /// The role that plans: its name, or its ARN.
    pub plan_role: &'a str,
    /// The role that applies.
    pub apply_role: &'a str,
    /// The command that builds what is planned, and the role it has.
    pub build: Option<(&'a str, &'a str)>,
    /// What plans set: `api.Image=$GITHUB_SHA`.
    pub set: &'a [String],
}

impl Setup<'_> {
    /// The options of a plan, each with a space before it.
    fn settings(self) -> String {
        self.set.iter().map(|one| format!(" --set \"{one}\"")).collect()
    }
}

/// The whole file.
pub(super) fn workflow(kind: Kind, jobs: &[Job], setup: Setup<'_>) -> String {
    let (name, event) = match kind {
        Kind::Plan => ("plan", "pull_request"),
        Kind::Apply => ("apply", "push"),
    };
    let branches: Vec<String> = jobs.iter().map(|job| quoted(&job.branch)).collect();
    let mut out = format!("name: infra {name}\n\non:\n  {event}:\n    branches: [{}]\n", branches.join(", "));
    if kind == Kind::Apply {
        out.push_str(BY_HAND);
    }
    // Rights are given job by job.
    out.push_str("\npermissions: {}\n\njobs:\n");
    let of = |job: &Job| match kind {
        Kind::Plan => vec![requested(job, setup), comment(job)],
        Kind::Apply => built(job, setup).into_iter().chain([pushed(job, setup), applied(job, setup)]).collect(),
    };
    let all: Vec<String> = jobs.iter().flat_map(of).collect();
    out + &all.join("\n")
}

/// What a run that somebody starts is given.
const BY_HAND: &str = r#"  workflow_dispatch:
    inputs:
      allow:
        description: "What may go, with blanks between several: replace:STACK/RESOURCE, delete:STACK/RESOURCE"
        required: false
"#;

/// The lines of a job, below its name.
struct Lines(String);

impl Lines {
    fn new(id: &str, name: &str) -> Self {
        Self(format!("  {id}:\n    name: {name}\n"))
    }

    /// Lines of the job itself.
    fn put(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.0, "    {line}");
        }
    }

    /// What every job needs that runs `infra`, up to credentials of that role.
    fn begin(&mut self, job: &Job, role: &str, install: &str) {
        self.check_out();
        self.put(&format!("  - name: Install infra\n    run: {}", quoted(install)));
        self.assume(job, role);
    }

    fn check_out(&mut self) {
        self.put("permissions:\n  contents: read\n  id-token: write\nsteps:");
        self.put(&format!("  - uses: {CHECKOUT}\n    with:\n      persist-credentials: false"));
    }

    fn assume(&mut self, job: &Job, role: &str) {
        self.put(&format!(
            "  - uses: {CREDENTIALS}\n    with:\n      role-to-assume: {}\n      aws-region: {}",
            quoted(&arn(job, role)),
            quoted(&job.region)
        ));
    }

    /// A step in the project's folder; `more` are keys of it.
    fn step(&mut self, job: &Job, name: &str, more: &str, run: &str) {
        self.put(&format!("  - name: {name}"));
        more.lines().for_each(|line| self.put(&format!("    {line}")));
        if let Some(folder) = &job.folder {
            self.put(&format!("    working-directory: {}", quoted(folder)));
        }
        match run.contains('\n') {
            false => self.put(&format!("    run: {run}")),
            true => {
                self.put("    run: |");
                run.lines().for_each(|line| self.put(&format!("      {line}")));
            }
        }
    }

    /// Hands a file of the runner's to the next job.
    fn hand_over(&mut self, job: &Job, file: &str) {
        self.put(&format!(
            "  - uses: {UPLOAD}\n    with:\n      name: infra-plan-{}\n      path: ${{{{ runner.temp }}}}/{file}\n      \
             if-no-files-found: error\n      retention-days: 7",
            job.env
        ));
    }

    /// Takes it over.
    fn take_over(&mut self, job: &Job) {
        self.put(&format!(
            "  - uses: {DOWNLOAD}\n    with:\n      name: infra-plan-{}\n      path: ${{{{ runner.temp }}}}",
            job.env
        ));
    }
}

const SUMMARY: &str = "infra show \"$RUNNER_TEMP/plan.json\" --format markdown > \"$RUNNER_TEMP/plan.md\"\ncat \
                       \"$RUNNER_TEMP/plan.md\" >> \"$GITHUB_STEP_SUMMARY\"";

/// Plans a pull request.
fn requested(job: &Job, setup: Setup<'_>) -> String {
    let Job { env, branch, .. } = job;
    let mut lines = Lines::new(env, &format!("plan {env}"));
    lines.put("# A request of a fork gets no credentials.");
    lines.put(&format!(
        "if: github.base_ref == '{branch}' && github.event.pull_request.head.repo.full_name == github.repository"
    ));
    lines.put("runs-on: ubuntu-24.04\ntimeout-minutes: 30");
    lines.begin(job, setup.plan_role, setup.install);
    // `exec`: a cancelled job signals the shell, and infra then stands in its place.
    let set = setup.settings();
    let plan = format!("exec infra plan --env {env} --format github{set} -o \"$RUNNER_TEMP/plan.json\"");
    lines.step(job, "Plan", "", &plan);
    lines.step(job, "Show", "", SUMMARY);
    // Nobody applies this plan: it would be another one after the merge.
    let discard = "test ! -e \"$RUNNER_TEMP/plan.json\" || infra discard \"$RUNNER_TEMP/plan.json\"";
    lines.step(job, "Discard", "if: always()", discard);
    lines.hand_over(job, "plan.md");
    lines.0
}

/// Puts the plan into a comment of the request, in place of the last one.
fn comment(job: &Job) -> String {
    let Job { env, project, .. } = job;
    let mut lines = Lines::new(&format!("comment-{env}"), &format!("comment {env}"));
    lines.put(&format!("needs: {env}\nruns-on: ubuntu-24.04\ntimeout-minutes: 5"));
    lines.put("permissions:\n  pull-requests: write\nsteps:");
    lines.take_over(job);
    lines.put("  - name: Comment\n    env:");
    lines.put("      GH_TOKEN: ${{ github.token }}\n      NUMBER: ${{ github.event.pull_request.number }}");
    lines.put(&format!("      START: {}", quoted(&format!("### Plan of `{project}` for `{env}`"))));
    lines.put(COMMENT);
    lines.0
}

const COMMENT: &str = r#"    run: |
      comments="repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments"
      ours='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.START))) | .id'
      old=$(gh api --paginate "$comments" --jq "$ours" | head -n 1)
      if [ -n "$old" ]; then
        gh api --silent -X PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$old" -F body=@"$RUNNER_TEMP/plan.md"
      else
        gh api --silent "$comments" -F body=@"$RUNNER_TEMP/plan.md"
      fi"#;

/// Builds what was pushed, with credentials that can deploy nothing.
fn built(job: &Job, setup: Setup<'_>) -> Option<String> {
    let Job { env, branch, .. } = job;
    let (command, role) = setup.build?;
    let mut lines = Lines::new(&format!("build-{env}"), &format!("build {env}"));
    lines.put(&format!("if: github.ref == 'refs/heads/{branch}'"));
    lines.put("runs-on: ubuntu-24.04\ntimeout-minutes: 60");
    lines.check_out();
    lines.assume(job, role);
    lines.step(job, "Build", &format!("env:\n  INFRA_ENV: {}", quoted(env)), &quoted(command));
    Some(lines.0)
}

/// Plans what was pushed, with credentials that can execute nothing.
fn pushed(job: &Job, setup: Setup<'_>) -> String {
    let Job { env, branch, .. } = job;
    let mut lines = Lines::new(&format!("plan-{env}"), &format!("plan {env}"));
    if setup.build.is_some() {
        lines.put(&format!("needs: build-{env}"));
    }
    lines.put(&format!("if: github.ref == 'refs/heads/{branch}'"));
    lines.put("runs-on: ubuntu-24.04\ntimeout-minutes: 30");
    lines.put("outputs:\n  changes: ${{ steps.plan.outputs.changes }}");
    lines.begin(job, setup.plan_role, setup.install);
    let plan = format!(
        "code=0\nset -f\nfor one in $ALLOW; do set -- \"$@\" --allow \"$one\"; done\ninfra plan --env {env} --format github \
         --detailed-exitcode{} -o \"$RUNNER_TEMP/plan.json\" \"$@\" || code=$?\nif [ \"$code\" = 2 ]; then echo changes=true >> \
         \"$GITHUB_OUTPUT\"; else exit \"$code\"; fi",
        setup.settings()
    );
    // What somebody typed reaches the shell as a value, never as its text.
    lines.step(job, "Plan", "id: plan\nenv:\n  ALLOW: ${{ inputs.allow }}", &plan);
    lines.step(job, "Show", "", SUMMARY);
    lines.hand_over(job, "plan.json");
    lines.0
}

/// Applies just that plan, once it is approved.
fn applied(job: &Job, setup: Setup<'_>) -> String {
    let Job { env, .. } = job;
    let mut lines = Lines::new(env, &format!("apply {env}"));
    lines.put(&format!("needs: plan-{env}\nif: needs.plan-{env}.outputs.changes == 'true'"));
    lines.put("# Who may run this, and after whose approval, is a rule of this environment.");
    lines.put(&format!("environment: {}", quoted(env)));
    lines.put(&format!("concurrency:\n  group: {}\n  cancel-in-progress: false", quoted(&format!("infra-{env}"))));
    lines.put("runs-on: ubuntu-24.04\ntimeout-minutes: 360");
    lines.begin(job, setup.apply_role, setup.install);
    lines.take_over(job);
    lines.step(job, "Apply", "", &format!("exec infra apply \"$RUNNER_TEMP/plan.json\" --env {env}"));
    lines.0
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
