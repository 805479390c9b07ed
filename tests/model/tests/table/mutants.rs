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

/// What would keep a client logged in where the table says that it is not (reason a), and
/// still find thefts. It cannot help where an older token takes a newer one's place in the
/// browser (reason t), which where messages only overtake each other is looked for.
#[test]
fn a_second_exchange_since_an_attempt_set_out_could_be_forgiven() {
    let setting = Setting::Grace;
    let judge = Arc::new(Judge::new(setting.rules(), remedy::decide));
    for fault in [Fault::Delayed, Fault::Reordered, Fault::Storm] {
        let found = explore(&judge, setting, fault, Bounds::TEST);
        for promise in Promise::ALL {
            let is_beyond = promise == Promise::TabsStay && fault == Fault::Reordered;
            let is_broken = found.verdicts.get(&promise) == Some(&Verdict::Broken);
            assert_eq!(is_broken, is_beyond, "{fault:?}, {promise:?}");
        }
    }
}
