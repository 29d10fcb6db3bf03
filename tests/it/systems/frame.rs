//! How an example is tested. A scenario is said as on the command line: `--env dev --set core.nat=none`, `--all`.
//!
//! ```ignore
//! let example = Example::new("backend-service");
//! let system = example.build("--env dev");
//! system.consists_of("
//!     ecs-blueprint-core-dev 111111111111 us-east-1 = 37
//!       EC2::VPC 1, EC2::Subnet 6, …
//! ");
//! system.departs_from("…", &[("BackendService", "Lambda::Function", -1, "the repository empties itself")]);
//! system.is_sound();                                   // references, capabilities, priorities, nothing copied by hand
//! system.resource("backend@dev/us-east-1", "Service"); // one of them, as its template has it
//!
//! // In the sandbox: from nothing, another image, and gone again; `come_up`, `change` and `go` are its steps,
//! // and `go_full` shows what stays without `--empty`.
//! Life::new(&example, "--env dev").whole("--set backend.Image=repo:2");
//!
//! // The same against the emulator, without what that does not know: each type by name, and what reads it.
//! let lacks = ["EC2::EIP", "EC2::NatGateway reads EC2::EIP"];
//! example.emulated("--env dev", "--set backend.Image=repo:2", &lacks, &[("c('ecs').list_clusters()…", "…")]);
//! ```
//!
//! An example of several projects: `Example::new("toto/core")` is the whole folder `examples/toto`, seen from `core`;
//! `core.beside("services")` is the other project in the same copy, and `life.beside(&services, "--env dev")` deploys it
//! into the same sandbox. `priorities_are_unique(&[&core, &services])` looks at both.

use std::path::PathBuf;
use std::rc::Rc;

use infra::build::Build;
use infra::semantics::{Program, Target};
use serde_json::Value;

use crate::support::cli::{Project, Said};
use crate::support::examples::{built, everything, program};

mod emulated;
mod life;
mod sound;
mod table;
mod teeth;

pub(crate) use life::Life;
pub(crate) use sound::priorities_are_unique;
pub(crate) use table::Departure;

/// A project of an example, in a copy of its own.
pub(crate) struct Example {
    copy: Rc<Project>,
    /// Where the project is in it; empty where it is the whole example.
    folder: String,
}

/// What a scenario of an example deploys.
pub(crate) struct System {
    pub(crate) build: Build,
    program: Program,
}

impl Example {
    /// `backend-service`, or `toto/core` for a project in the folder of an example.
    pub(crate) fn new(name: &str) -> Self {
        let (example, folder) = name.split_once('/').unwrap_or((name, ""));
        Self { copy: Rc::new(Project::example(example)), folder: folder.to_owned() }
    }

    /// A project of one file.
    fn of(text: &str) -> Self {
        Self { copy: Rc::new(Project::new(&[("main.infra", text)])), folder: String::new() }
    }

    /// Another project of the same copy.
    pub(crate) fn beside(&self, folder: &str) -> Self {
        Self { copy: Rc::clone(&self.copy), folder: folder.to_owned() }
    }

    /// Runs `infra` in the project.
    pub(crate) fn infra(&self, line: &str) -> Said {
        self.copy.infra(&format!("-C ./{} {line}", self.folder))
    }

    /// A file of the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.copy.path(&self.folder).join(name)
    }

    /// Changes a file of the project, which has to hold `from`.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.path(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} does not hold {from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Its sources.
    pub(crate) fn program(&self) -> Program {
        program(&self.path(""))
    }

    /// Builds a scenario, which has to be without errors.
    pub(crate) fn build(&self, scenario: &str) -> System {
        let program = self.program();
        let build = built(&program, &target(&program, scenario), scenario);
        System { build, program }
    }

    /// The README says how many stacks and resources the scenario has, and how many lines say so.
    pub(crate) fn readme_is_right(&self, scenario: &str) {
        let system = self.build(scenario);
        let own = system.program.sources.iter().filter(|file| file.id.built_in_at().is_none());
        let lines: usize = own.filter(|file| file.name.ends_with(".infra")).map(|file| file.text.lines().count()).sum();
        let (stacks, resources) = system.size();
        let text = std::fs::read_to_string(self.path("README.md")).unwrap();
        for figure in
            [format!("{stacks} stacks"), format!("{resources} resources"), format!("{lines} lines of `.infra`")]
        {
            assert!(text.contains(&figure), "the README does not say: {figure}");
        }
    }
}

impl System {
    /// The template of an instance, by its id: `backend@dev/us-east-1`.
    #[track_caller]
    pub(crate) fn template(&self, id: &str) -> Value {
        let found = self.build.stacks.iter().find(|s| s.head.key.to_string() == id);
        let all = || self.build.stacks.iter().map(|s| s.head.key.to_string()).collect::<Vec<_>>();
        serde_json::from_str(&found.unwrap_or_else(|| panic!("no {id} in {:?}", all())).template.body).unwrap()
    }

    /// A resource of an instance by its logical id.
    #[track_caller]
    pub(crate) fn resource(&self, id: &str, resource: &str) -> Value {
        let template = self.template(id);
        let all = template["Resources"].as_object().unwrap();
        all.get(resource).unwrap_or_else(|| panic!("no {resource} in {:?}", all.keys())).clone()
    }
}

/// What the words of a command line choose.
fn target(program: &Program, scenario: &str) -> Target {
    let mut target = Target::default();
    let mut words = scenario.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--all" => target = Target { set: target.set, ..everything(program) },
            "--shared" => target.shared = true,
            "--env" => target.envs.push(words.next().unwrap().into()),
            "--set" => {
                let (name, value) = words.next().unwrap().split_once('=').unwrap();
                target.set.insert(name.into(), value.into());
            }
            _ => panic!("`{word}` is no word of a scenario"),
        }
    }
    target
}
