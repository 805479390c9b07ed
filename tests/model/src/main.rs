//! Explores further than the tests do, and prints what is found and how many states there
//! are. With the name of a promise it prints the shortest way to break it, too.
//!
//! ```sh
//! cargo run -p model                      # some minutes
//! cargo run -p model -- test              # as far as the tests go
//! cargo run -p model -- test 'tabs stay'
//! ```

use std::{env, sync::Arc, time::Instant};

use model::{
    expected::{expected, verdict as as_found},
    explore::{Verdict, counterexample, explore},
    setting::{Bounds, Fault, Setting},
    world::Judge,
};
use portcullis::session::rules::decide;

fn main() {
    let wanted: Vec<_> = env::args().skip(1).collect();
    let bounds = match wanted.iter().any(|word| word == "test") {
        true => Bounds::TEST,
        false => Bounds::WIDE,
    };
    println!("{bounds:?}");
    for setting in Setting::ALL {
        let judge = Arc::new(Judge::new(setting.rules(), decide));
        println!("\n{}", setting.title());
        for fault in Fault::ALL {
            let start = Instant::now();
            let found = explore(&judge, setting, fault, bounds);
            let (title, states) = (fault.title(), found.states);
            println!("{title}: {states} states in {:.1?}", start.elapsed());
            for (promise, verdict) in found.verdicts {
                let mut lines = expected(setting).filter(|(of, _)| *of == promise);
                let cells = lines.next().map(|(_, cells)| cells).unwrap_or_default();
                let is_so =
                    |(of, letter): &(Fault, char)| (*of, as_found(*letter)) == (fault, verdict);
                if !cells.iter().any(is_so) {
                    println!("  {}: {verdict:?}, not what the table says", promise.name());
                } else if verdict != Verdict::Holds {
                    println!("  {}: {verdict:?}", promise.name());
                }
                if verdict == Verdict::Broken && wanted.iter().any(|word| word == promise.name()) {
                    let steps = counterexample(&judge, setting, fault, bounds, promise);
                    for step in steps.unwrap_or_default() {
                        println!("    {step}");
                    }
                }
            }
        }
    }
}
