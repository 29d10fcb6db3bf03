//! The toggles: every one of the 64 combinations has the stages and actions of the original.

use super::{actions, pipeline};
use crate::systems::frame::Example;

#[derive(Clone, Copy)]
struct Toggles {
    test_stage: bool,
    prod_stage: bool,
    other_accounts: bool,
    second_region: bool,
    confirm: bool,
    polling: bool,
}

/// Stages, actions, and those of the actions that work in another account.
type Shape = (usize, usize, usize);

impl Toggles {
    /// The combinations by number: each bit is a toggle.
    fn number(number: u8) -> Self {
        let bit = |at: u8| number & (1 << at) != 0;
        Self {
            test_stage: bit(0),
            prod_stage: bit(1),
            other_accounts: bit(2),
            second_region: bit(3),
            confirm: bit(4),
            polling: bit(5),
        }
    }

    fn scenario(self) -> String {
        format!(
            "--all --set test_stage={} --set prod_stage={} --set other_accounts={} --set second_region={} \
            --set confirm={} --set polling={}",
            self.test_stage, self.prod_stage, self.other_accounts, self.second_region, self.confirm, self.polling
        )
    }

    fn regions(self) -> usize {
        1 + usize::from(self.second_region)
    }

    /// `dev`, and `test` where there is one.
    fn before_prod(self) -> usize {
        1 + usize::from(self.test_stage)
    }

    fn prod(self) -> usize {
        usize::from(self.prod_stage)
    }

    /// Stages in other accounts: `test`, `prod`.
    fn elsewhere(self) -> (usize, usize) {
        let other = usize::from(self.other_accounts);
        (other * usize::from(self.test_stage), other * self.prod())
    }

    /// The stages of both pipelines: the source, the build, and each stage. Actions before them: the source, and a
    /// package for each region. Of a stage before `prod`: a deployment to each region, and a review where each stage is
    /// confirmed.
    fn common(self) -> (usize, usize) {
        let reviews = if self.confirm { self.before_prod() } else { 0 };
        (2 + self.before_prod() + self.prod(), 1 + self.regions() + self.before_prod() * self.regions() + reviews)
    }

    /// The layer goes to `prod` as to any other stage, without a review.
    fn layers(self) -> Shape {
        let (stages, actions) = self.common();
        let (test, prod) = self.elsewhere();
        (stages, actions + self.prod() * self.regions(), (test + prod) * self.regions())
    }

    /// The service is tested in a stage of its own, by three actions. In `prod`, each region has a change set that is
    /// made and carried out, with one review between, whether stages are confirmed or not.
    fn api(self) -> Shape {
        let (stages, actions) = self.common();
        let (test, prod) = self.elsewhere();
        (stages + 1, actions + 3 + self.prod() * (2 * self.regions() + 1), (test + 2 * prod) * self.regions())
    }
}

/// The rows of the original: `test_stage`, `prod_stage`, `other_accounts`, `second_region`, `confirm`; the pipeline of
/// the layer, and that of the service.
const ROWS: &[([bool; 5], Shape, Shape)] = &[
    ([false, false, false, false, false], (3, 3, 0), (4, 6, 0)),
    ([false, false, false, true, true], (3, 6, 0), (4, 9, 0)),
    ([false, true, true, false, false], (4, 4, 1), (5, 9, 2)),
    ([false, true, true, true, true], (4, 8, 2), (5, 14, 4)),
    ([true, true, true, false, false], (5, 5, 2), (6, 10, 3)),
    ([true, true, true, true, true], (5, 11, 4), (6, 17, 6)),
    ([true, true, false, true, true], (5, 11, 0), (6, 17, 0)),
];

#[test]
fn every_combination_has_its_stages_and_actions() {
    let example = Example::new("sam-matrix");
    let mut rows = 0;
    for number in 0..64 {
        let toggles = Toggles::number(number);
        let system = example.build(&toggles.scenario());
        let shape = |stack: &str| {
            let pipeline = pipeline(&system, stack);
            let elsewhere = actions(&pipeline).filter(|action| !action["RoleArn"].is_null()).count();
            (pipeline["Stages"].as_array().unwrap().len(), actions(&pipeline).count(), elsewhere)
        };
        let resources =
            |stack: &str| system.template(&format!("{stack}@shared/us-east-1"))["Resources"].as_object().unwrap().len();
        let what = toggles.scenario();
        let (layers, api) = (shape("layer_pipeline"), shape("api_pipeline"));
        assert_eq!((layers, api), (toggles.layers(), toggles.api()), "{what}");
        // Who does not poll is told: a trail, a rule, and the role of the rule.
        let told = if toggles.polling { 0 } else { 3 };
        assert_eq!((resources("layer_pipeline"), resources("api_pipeline")), (3 + told, 4 + told), "{what}");
        let key =
            [toggles.test_stage, toggles.prod_stage, toggles.other_accounts, toggles.second_region, toggles.confirm];
        if let Some((_, of_layers, of_api)) = ROWS.iter().find(|(row, ..)| *row == key) {
            assert_eq!((layers, api), (*of_layers, *of_api), "{what}");
            rows += 1;
        }
    }
    // Each row twice: polling changes no action.
    assert_eq!(rows, 2 * ROWS.len());
}
