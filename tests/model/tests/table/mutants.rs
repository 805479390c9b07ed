//! Rules that are wrong in one way are noticed.

use std::sync::Arc;

use model::{
    expected::{expected, verdict},
    explore::{Verdict, explore},
    mutants::MUTANTS,
    promise::Promise,
    remedy,
    setting::{Bounds, Fault, Setting},
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

/// What would keep tabs logged in where the table says that they are not (reason a), and
/// still find thefts.
#[test]
fn a_second_exchange_since_an_attempt_set_out_could_be_forgiven() {
    let setting = Setting::Grace;
    let judge = Arc::new(Judge::new(setting.rules(), remedy::decide));
    for fault in [Fault::Delayed, Fault::Reordered, Fault::Storm] {
        let found = explore(&judge, setting, fault, Bounds::TEST);
        for promise in Promise::ALL {
            let verdict = found.verdicts.get(&promise);
            assert_ne!(verdict, Some(&Verdict::Broken), "{fault:?}, {promise:?}");
        }
    }
}
