//! Refusals as the application wants them.

mod codes;
mod endpoints;
mod guards;

use portcullis::challenge::{RefusalAnswer, RefusalFormat, RejectionBody};

const TYPES: &str = "https://api.test/problems/";

fn problems() -> RefusalFormat {
    let format = RefusalFormat::problem_details();
    format.problem_types(TYPES).unwrap()
}

/// For clients that know no other refusal than 401, with a body of its own.
fn own() -> RefusalFormat {
    RefusalFormat::custom(|refused| {
        let text = format!(
            "{}|{}|{}|{}",
            refused.status(),
            refused.code(),
            refused.field().unwrap_or("-"),
            refused.description().unwrap_or("-"),
        );
        RefusalAnswer::new(RejectionBody::new("text/plain", text)).status(401)
    })
}
