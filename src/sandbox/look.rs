//! A look at the world without a call: nothing moves and nothing is counted.

use std::collections::BTreeMap;

use crate::sandbox::Sandbox;
use crate::sandbox::model::{self, Event};

/// A stack as it stands, living or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Twelve digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
    /// Its name, which it may share with deleted ones.
    pub name: String,
    /// Its ARN.
    pub id: String,
    /// As AWS writes it.
    pub status: String,
    /// Its template; empty where nothing was ever executed.
    pub body: String,
    /// Its parameters in clear.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// An operation runs.
    pub is_under_way: bool,
    /// Creations and updates that ever began: the operation, and the token of the call.
    pub began: Vec<(String, Option<String>)>,
    /// Its change sets: name and execution status.
    pub change_sets: Vec<(String, String)>,
}

impl Seen {
    /// It was not deleted.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != "DELETE_COMPLETE"
    }
}

impl Sandbox {
    /// Every stack there ever was, by account, region, name and age.
    #[must_use]
    pub fn look(&self) -> Vec<Seen> {
        self.world().regions.values().flat_map(BTreeMap::values).map(seen).collect()
    }
}

fn seen(stack: &model::Stack) -> Seen {
    let mut began: Vec<(String, Option<String>)> = Vec::new();
    for event in stack.events.iter().filter(|event| is_beginning(stack, event)) {
        let operation = event.operation.clone().unwrap_or_default();
        if !began.iter().any(|(known, _)| *known == operation) {
            began.push((operation, event.token.clone()));
        }
    }
    Seen {
        account: stack.place.account.clone(),
        region: stack.place.region.clone(),
        name: stack.place.stack_name.clone(),
        id: stack.place.stack_id.clone(),
        status: stack.status.as_str().to_owned(),
        body: stack.current.body.clone(),
        parameters: stack.current.parameters.clone(),
        outputs: stack.outputs.iter().map(|output| (output.key.clone(), output.value.clone())).collect(),
        is_under_way: stack.operation.is_some(),
        began,
        change_sets: stack
            .change_sets
            .values()
            .map(|set| (set.name.clone(), set.execution.as_str().to_owned()))
            .collect(),
    }
}

fn is_beginning(stack: &model::Stack, event: &Event) -> bool {
    event.physical == stack.place.stack_id
        && matches!(event.status.as_str(), "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS")
}
