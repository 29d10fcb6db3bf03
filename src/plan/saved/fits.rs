//! Whether a saved plan is one to be applied here and now.

use std::time::Duration;

use crate::plan::saved::{Made, Refused, Saved};

/// How far clocks may be apart.
const AHEAD: Duration = Duration::from_secs(5 * 60);

impl Saved {
    /// Refuses a plan of another project or environment; what is not known here is not compared.
    ///
    /// # Errors
    /// Says which it is of.
    pub fn belongs(&self, project: Option<&str>, env: Option<&str>) -> Result<(), Refused> {
        let plan = &self.plan;
        if let Some(here) = project.filter(|here| *here != plan.project) {
            return Err(Refused::new(
                format!("is a plan of project `{}`, and this is project `{here}`", plan.project),
                "give the file that was saved for this project, or run the command in the other one",
            ));
        }
        let (planned, asked) = (plan.env.as_deref(), env);
        if let Some(asked) = asked.filter(|asked| planned != Some(*asked)) {
            let planned = planned.map_or("for no environment".to_owned(), |env| format!("for environment `{env}`"));
            return Err(Refused::new(
                format!("is a plan {planned}, and `--env {asked}` asks for another one"),
                "give the file that was saved for that environment, or leave `--env` out",
            ));
        }
        Ok(())
    }

    /// Refuses a plan of a version of the tool that may mean something else by it.
    ///
    /// # Errors
    /// Says which version it is of.
    pub fn fits(&self, tool: &str) -> Result<(), Refused> {
        if breaking(&self.made.tool) == breaking(tool) {
            return Ok(());
        }
        Err(Refused::new(
            format!("was saved by infra {}, and this is infra {tool}", self.made.tool),
            "use the version of infra that saved it, or save the plan again",
        ))
    }

    /// Refuses a plan that was made too long ago; `now` as [`Made::time`].
    ///
    /// # Errors
    /// Says how old it is.
    pub fn is_fresh(&self, now: u64, most: Duration) -> Result<(), Refused> {
        let Made { time, .. } = self.made;
        if u128::from(time.saturating_sub(now)) > AHEAD.as_millis() {
            return Err(Refused::new(
                "was saved at a time that is still to come by the clock of this machine",
                "set the clock of this machine",
            ));
        }
        let age = Duration::from_millis(now.saturating_sub(time));
        if age <= most {
            return Ok(());
        }
        let why = format!("was saved {} ago, and may be at most {} old", words(age), words(most));
        let help = "plan again, or say with `--max-age` how old it may be";
        Err(Refused { again: true, ..Refused::new(why, help) })
    }
}

/// What of a version changes where something breaks: the first number that is not zero, and those before it.
fn breaking(version: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in version.split(['.', '-', '+']).take(3) {
        parts.push(part);
        if part != "0" {
            break;
        }
    }
    parts
}

/// `26 hours`, in the largest unit of which there are two.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "days"), (3600, "hours"), (60, "minutes")];
    match units.iter().find(|(length, _)| seconds >= 2 * length) {
        Some((length, name)) => format!("{} {name}", seconds / length),
        None => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_understand_each_other() {
        for (one, other, fits) in [
            ("0.1.0", "0.1.7", true),
            ("0.1.0", "0.2.0", false),
            ("0.0.1", "0.0.2", false),
            ("1.0.0", "1.9.3-rc.1", true),
            ("1.0.0", "2.0.0", false),
            ("0.1.0", "1.1.0", false),
        ] {
            assert_eq!(breaking(one) == breaking(other), fits, "{one} {other}");
        }
    }

    #[test]
    fn ages_read_as_people_say_them() {
        let of = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(
            [of(0), of(119), of(120), of(86_400), of(172_800)],
            ["0 seconds", "119 seconds", "2 minutes", "24 hours", "2 days"]
        );
    }
}
