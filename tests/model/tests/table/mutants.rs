//! Rules that are wrong in one way are noticed.

use std::sync::Arc;

use model::{
    expected::{expected, verdict},
    explore::{Verdict, explore},
    mutants::MUTANTS,
    setting::Bounds,
    world::Judge,
};

#[test]
fn every_mutant_of_the_rules_is_noticed() {
    for mutant in MUTANTS {
        let judge = Arc::new(Judge::new(mutant.setting.rules(), mutant.decide));
        let found = explore(&judge, mutant.setting, mutant.fault, Bounds::TEST);
        let mut lines = expected(mutant.setting);
        let (_, cells) = lines.find(|(of, _)| *of == mutant.promise).unwrap();
        let (_, letter) = cells
            .into_iter()
            .find(|(of, _)| *of == mutant.fault)
            .unwrap();
        assert_eq!(verdict(letter), Verdict::Holds, "{}", mutant.wrong);
        assert_eq!(
            found.verdicts[&mutant.promise],
            Verdict::Broken,
            "{}",
            mutant.wrong
        );
    }
}
