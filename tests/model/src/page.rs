//! The tables as they stand in the documentation.

use std::fmt::Write as _;

use crate::{
    expected::{REASONS, expected, verdict},
    explore::Verdict,
    mutants::MUTANTS,
    promise::Promise,
    setting::{Bounds, Fault, Setting},
};

/// From here on the page is made.
pub const MARK: &str = "<!-- From here on this page is made from what was explored. -->\n";

/// What is made of the page; with the number of states under each setting.
pub fn page(found: &[(Setting, usize)]) -> String {
    let mut page = String::new();
    for (setting, states) in found {
        table(*setting, *states, &mut page);
    }
    let _ = write!(page, "\n## Why\n\n");
    for (letter, reason) in REASONS {
        let _ = writeln!(page, "* **{letter}**: {reason}");
    }
    let Bounds {
        ticks,
        attempts,
        wire,
        faults,
    } = Bounds::TEST;
    let _ = write!(
        page,
        "\nThe bounds: {ticks} ticks with a window of two (without one {}, for turns at two nodes {}), \
         {attempts} attempts beside those of \
         nodes that ask again (where messages are only reordered one more, and a tick), {wire} messages on their way at once, each fault {faults} time.\n",
        ticks - 1,
        ticks + 1
    );
    let _ = write!(
        page,
        "\n## Rules that are wrong\n\nEach of these is given to the model in place of the rules, \
         and must break a promise that the tables say holds.\n\n\
         | what is wrong | setting | fault | broken |\n|---|---|---|---|\n"
    );
    for mutant in MUTANTS {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            mutant.wrong,
            mutant.setting.title().to_lowercase(),
            mutant.fault.title(),
            says(mutant.promise)
        );
    }
    page
}

fn table(setting: Setting, states: usize, page: &mut String) {
    let titles = Fault::ALL.map(Fault::title).join(" | ");
    let _ = write!(
        page,
        "\n## {}\n\n{states} states.\n\n| | {titles} |\n|---|{}\n",
        setting.title(),
        "---|".repeat(Fault::ALL.len())
    );
    for (promise, cells) in expected(setting) {
        let cells = cells.into_iter().map(|(_, letter)| match verdict(letter) {
            Verdict::Holds => "holds".to_owned(),
            Verdict::NotTested => "–".to_owned(),
            Verdict::Broken => format!("**{letter}**"),
        });
        let cells: Vec<_> = cells.collect();
        let _ = writeln!(page, "| {} | {} |", says(promise), cells.join(" | "));
    }
}

/// A promise in words.
fn says(promise: Promise) -> &'static str {
    match promise {
        Promise::ClientStays => "a client that asks again within the window stays logged in",
        Promise::TabsStay => "two tabs that do stay logged in",
        Promise::TheftIsFound => "thief and owner who take turns are found out at the third",
        Promise::EndedStaysEnded => "what has ended gives no token",
        Promise::AdvancesOnce => "an attempt rotates once at most",
        Promise::OneSuccessor => "all tokens of a generation are the same",
        Promise::SameAnswer => "an attempt that is asked again gives what it gave",
        Promise::NeverBack => "generation and rotation time do not go back",
        Promise::ElseUnchanged => "nothing else changes the row",
        Promise::WithinSession => "tokens end with the session, and not before their time",
        Promise::LateOnce => "one late retry is forgiven for each generation",
    }
}
