//! What is expected of each promise under each fault, and why some are broken.

use crate::{
    explore::Verdict,
    promise::Promise,
    setting::{Fault, Setting},
};

/// One letter a fault, in the order of [`Fault::ALL`]: `+` it holds, `-` nothing happens
/// that could break it, and the letter of a [reason](REASONS) why it is broken.
///
/// none, lost, lost for long, twice, late at the store, late at the node, reordered, two
/// nodes, storm, lost writes, clock forward, clock back
type Line = (Promise, &'static str);

const GRACE: [Line; 10] = [
    (Promise::ClientStays, "+ + s + + h + + + + f +"),
    (Promise::TabsStay, "+ + s + + h t + + + f +"),
    (Promise::TheftIsFound, "+ + + + + + + + + w + b"),
    (Promise::EndedStaysEnded, "+ + + + + + + + + w + +"),
    (Promise::AdvancesOnce, "- + + + + + - + + w + +"),
    (Promise::OneSuccessor, "+ + + + + + + + + w + +"),
    (Promise::SameAnswer, "- + + + + + - + + w + +"),
    (Promise::NeverBack, "+ + + + + + + + + + + +"),
    (Promise::ElseUnchanged, "+ + + + + + + + + + + +"),
    (Promise::WithinSession, "+ + + + + + + + + + + +"),
];

const NO_GRACE: [Line; 10] = [
    (Promise::ClientStays, "+ n n n n n n n n n n n"),
    (Promise::TabsStay, "n n n n n n n n n n n n"),
    (Promise::TheftIsFound, "+ + + + + + + + + w + +"),
    (Promise::EndedStaysEnded, "+ + + + + + + + + w + +"),
    (Promise::AdvancesOnce, "- + + + + + - + + w + +"),
    (Promise::OneSuccessor, "- + + + + + - + + w + +"),
    (Promise::SameAnswer, "- + + + n n - n n w + +"),
    (Promise::NeverBack, "+ + + + + + + + + + + +"),
    (Promise::ElseUnchanged, "+ + + + + + + + + + + +"),
    (Promise::WithinSession, "+ + + + + + + + + + + +"),
];

const UNTIL_USED: [Line; 11] = [
    (Promise::ClientStays, "+ + l + + h + + + + f +"),
    (Promise::TabsStay, "+ + l + + h + + + + f +"),
    (Promise::TheftIsFound, "u u u u u u u u u u u u"),
    (Promise::EndedStaysEnded, "+ + + + + + + + + w + +"),
    (Promise::AdvancesOnce, "- + + + + + - + + w + +"),
    (Promise::OneSuccessor, "+ + + + + + + + + w + +"),
    (Promise::SameAnswer, "- + + + + + - + + w + +"),
    (Promise::NeverBack, "+ + + + + + + + + + + +"),
    (Promise::ElseUnchanged, "+ + + + + + + + + + + +"),
    (Promise::WithinSession, "+ + + + + + + + + + + +"),
    (Promise::LateOnce, "- + + + + + + + + w + +"),
];

/// Why a promise is broken: its letter and what is said of it.
pub const REASONS: [(char, &str); 9] = [
    (
        'n',
        "Without a window whatever comes second is reuse: another tab, a client that tries \
         again. A node that asks again under the same name is all that is forgiven, and only \
         until the next exchange.",
    ),
    (
        's',
        "An answer that stays lost for longer than the window costs the session.",
    ),
    (
        'l',
        "One late retry is forgiven; of two that come at once the second is reuse.",
    ),
    (
        'h',
        "A request counts from when a node has it. One that was held up before, of which the \
         client has long had another answer, is presented anew, and is reuse.",
    ),
    (
        't',
        "A resting token is given to one tab, then its rest is over and another tab gets the \
         successor, and the answers overtake each other: the older token takes the newer one's \
         place, and to present it a window later is reuse. Answers that leave the cookie alone \
         would mix those of two sessions where one comes after another login.",
    ),
    (
        'f',
        "The clock jumps over the window: a retry is late, though little time has passed.",
    ),
    (
        'b',
        "Until the clock is where it was, the last rotation is in its future: the window goes on \
         for so long, and both get the same token.",
    ),
    (
        'u',
        "Who is one generation behind is forgiven once for each generation. If thief and owner \
         take turns, neither is ever further behind, and nobody is found out until one of them \
         refreshes twice in a row.",
    ),
    (
        'w',
        "What the store has forgotten did not happen: log-outs, rotations and turns are made \
         again.",
    ),
];

fn lines(setting: Setting) -> &'static [Line] {
    match setting {
        // Whose device it is decides nothing about what is promised here.
        Setting::Grace | Setting::SameDevice => &GRACE,
        Setting::NoGrace => &NO_GRACE,
        Setting::UntilUsed => &UNTIL_USED,
    }
}

/// The promises that concern a setting, with a letter for each fault.
pub fn expected(setting: Setting) -> impl Iterator<Item = (Promise, Vec<(Fault, char)>)> {
    lines(setting).iter().map(move |(promise, letters)| {
        let letters = letters
            .split(' ')
            .filter_map(|letter| letter.chars().next());
        let cells: Vec<_> = Fault::ALL.into_iter().zip(letters).collect();
        assert_eq!(cells.len(), Fault::ALL.len(), "{setting:?}, {promise:?}");
        (*promise, cells)
    })
}

/// What a letter says.
pub fn verdict(letter: char) -> Verdict {
    match letter {
        '+' => Verdict::Holds,
        '-' => Verdict::NotTested,
        _ => Verdict::Broken,
    }
}

/// Why a promise is broken.
pub fn reason(letter: char) -> Option<&'static str> {
    let found = REASONS.iter().find(|(of, _)| *of == letter);
    found.map(|(_, reason)| *reason)
}
