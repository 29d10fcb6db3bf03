//! The whole life of a system in a sandbox on a port: from nothing to everything, a change, and to nothing again.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use super::{Example, target};
use crate::support::boto;
use crate::support::cli::{Said, Served, operation};
use crate::support::examples::built;
use crate::support::stacks::WRITES;

/// A scenario of an example, in a sandbox of its own.
pub(crate) struct Life<'a> {
    example: &'a Example,
    scenario: String,
    sandbox: Rc<Served>,
}

impl<'a> Life<'a> {
    pub(crate) fn new(example: &'a Example, scenario: &str) -> Self {
        let state = example.copy.path("state");
        let sandbox = Served::start(&["--step", "1", "--state", state.to_str().unwrap()]);
        Self { example, scenario: scenario.to_owned(), sandbox: Rc::new(sandbox) }
    }

    /// Another project of the same example, in the same sandbox.
    pub(crate) fn beside<'b>(&self, example: &'b Example, scenario: &str) -> Life<'b> {
        Life { example, scenario: scenario.to_owned(), sandbox: Rc::clone(&self.sandbox) }
    }

    /// Runs `infra` for the scenario against the sandbox.
    pub(crate) fn infra(&self, line: &str) -> Said {
        self.example.infra(&format!("{line} {} --endpoint {}", self.scenario, self.sandbox.address))
    }

    /// Calls that change something, since this was asked last.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut calls = self.sandbox.calls();
        calls.retain(|line| WRITES.contains(&operation(line)));
        calls
    }

    /// A plan finds nothing to do, and asks for nothing that writes.
    #[track_caller]
    pub(crate) fn rests(&self, more: &str) {
        self.writes();
        let said = self.infra(&format!("plan --detailed-exitcode {more}")).ended(0);
        assert!(said.out.starts_with("no changes"), "{}", said.out);
        assert_eq!(self.writes(), Vec::<String>::new());
    }

    /// Everything is created, in an order in which no stack comes before one whose outputs it reads; then there is
    /// nothing to do. `more` is said once, as for inputs without a default.
    #[track_caller]
    pub(crate) fn come_up(&self, more: &str) {
        let plan = self.infra(&format!("plan --format json {more}")).ended(0).json();
        assert!(changes(&plan).values().all(|action| action.starts_with("create")), "{:#?}", changes(&plan));
        assert_eq!(self.writes(), Vec::<String>::new(), "a plan of new stacks writes nothing");
        assert_eq!(self.infra(&format!("apply --yes --format json {more}")).ended(0).json()["exit_code"], 0);
        self.is_in_order(&self.writes());
        self.rests("");
    }

    fn is_in_order(&self, writes: &[String]) {
        let program = self.example.program();
        let build = built(&program, &target(&program, &self.scenario), &self.scenario);
        let executed = |head: &infra::semantics::model::Head| {
            let end = format!(" {} {} ExecuteChangeSet {}", head.account.id, head.key.region, head.stack_name);
            writes.iter().position(|line| line.ends_with(&end))
        };
        for stack in &build.stacks {
            let own = executed(&stack.head);
            assert!(own.is_some(), "{} is not deployed: {writes:#?}", stack.head.key);
            let producers: BTreeSet<_> = stack.head.uses.iter().map(|used| &used.from.instance).collect();
            for producer in build.stacks.iter().filter(|other| producers.contains(&other.head.key)) {
                assert!(executed(&producer.head) < own, "{} is before {}", stack.head.key, producer.head.key);
            }
        }
    }

    /// Something is set otherwise: what that changes is carried out, `logical id: action/replacement` is given, and then
    /// there is nothing to do.
    #[track_caller]
    pub(crate) fn change(&self, set: &str) -> BTreeMap<String, String> {
        let plan = self.infra(&format!("plan --format json --detailed-exitcode {set}")).ended(2).json();
        self.infra(&format!("apply --yes --allow replace:* {set}")).ended(0);
        self.rests(set);
        changes(&plan)
    }

    /// All of it goes; then nothing is left, whoever is asked.
    #[track_caller]
    pub(crate) fn go(&self) {
        self.infra("destroy --yes --allow delete:*").ended(0);
        let listed = self.infra("ls --format json").ended(0).json();
        let stacks = listed["stacks"].as_array().unwrap();
        assert!(stacks.iter().all(|s| s["status"].is_null()), "{listed:#}");
        assert_eq!(self.infra("outputs --format json").ended(0).json(), serde_json::json!({}));
        let again = self.infra("destroy --yes --allow delete:*").ended(0).err;
        assert_eq!(again.lines().count(), 1, "nothing to do the second time: {again}");
    }

    /// Something is put where deleting would lose it, as a Python expression says it: then all goes with `--empty` only.
    #[track_caller]
    pub(crate) fn go_full(&self, account: &str, region: &str, put: &str) {
        boto::ask(&self.sandbox.address, account, region, put);
        let refused = self.infra("destroy --yes --allow delete:*").ended(1).err;
        assert!(refused.contains("infra destroy --empty"), "{refused}");
        self.infra("destroy --empty --yes --allow delete:*").ended(0);
        self.go();
    }

    /// From nothing, another image, and gone. Gives what the other image changes.
    #[track_caller]
    pub(crate) fn whole(&self, image: &str) -> BTreeMap<String, String> {
        self.come_up("");
        let changed = self.change(image);
        // What is an input is kept, whether it is set again or not.
        self.rests("");
        self.go();
        assert_eq!(self.living().keys().collect::<Vec<_>>(), Vec::<&String>::new());
        changed
    }

    /// Stacks that are there, by name, as the sandbox keeps them.
    pub(crate) fn living(&self) -> BTreeMap<String, Value> {
        self.example.copy.living("state")
    }
}

/// `logical id: action/replacement` of everything that a plan changes.
fn changes(plan: &Value) -> BTreeMap<String, String> {
    let stacks = plan["stacks"].as_array().unwrap();
    let all = stacks.iter().flat_map(|s| s["changes"].as_array().unwrap());
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    all.map(|c| (text(&c["logical_id"]), format!("{}/{}", text(&c["action"]), text(&c["replacement"])))).collect()
}
