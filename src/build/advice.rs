//! What is allowed and yet hardly meant: what nothing uses, names that are taken twice, names written by hand where a
//! reference was meant. Each instance is looked at once; what lies between instances is said at the end.

use crate::diagnostics::Diagnostic;
use crate::semantics::Program;
use crate::semantics::model::Instance;

mod encryption;
mod interpolation;
mod made;
mod pipelines;
mod policy;
mod ports;
mod sites;
mod twice;
mod unused;
mod walk;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Advice {
    made: made::All,
    sites: Vec<sites::Site>,
    found: Vec<Diagnostic>,
}

impl Advice {
    /// Looks at an instance.
    pub(super) fn look(&mut self, program: &Program, instance: &Instance) {
        let place = self.made.place(instance);
        for resource in &instance.resources {
            let seen = walk::Seen { program, resource };
            self.made.add(program, place, instance, resource);
            walk::resource(&seen, place, &mut self.sites, &mut self.found);
            pipelines::check(&seen, instance, &self.made, &mut self.found);
            encryption::check(&seen, &mut self.found);
            ports::check(&seen, &mut self.found);
        }
    }

    /// What lies between instances.
    pub(super) fn finish(mut self, program: &Program) -> Vec<Diagnostic> {
        self.made.twice(&mut self.found);
        sites::judge(program, &self.made, &self.sites, &mut self.found);
        self.found
    }
}

/// What the texts alone show. Where something is wrong, what is unused may be what was meant.
pub(super) fn of_texts(program: &Program, is_right: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    interpolation::check(program, &mut found);
    if is_right {
        unused::check(program, &mut found);
    }
    found
}
