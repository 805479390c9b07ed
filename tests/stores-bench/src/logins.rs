//! Logins: a ticket, whose number is one row or key for everybody, and a session.

use std::time::Duration;

use portcullis::session::SessionStore as _;

use crate::{
    Result,
    load::{Rate, drive, settle},
    places::Place,
    rows,
};

const DAY: Duration = Duration::from_secs(86_400);

/// So that no session of another measurement is met.
const FIRST: u64 = 1 << 24;

/// How many sessions there are already: PostgreSQL reads an empty table from end to end until
/// it has been analyzed, within a minute of having grown.
const ROWS: u64 = 100_000;

/// Tickets alone, and tickets with a session for each.
pub(crate) async fn logins(place: &Place, clients: u64, span: Duration) -> Result<(Rate, Rate)> {
    rows::fill(place, 1, ROWS, DAY).await?;
    let store = place.store(u32::try_from(clients)?).await?;
    settle().await;
    let asked = store.clone();
    let tickets = drive(clients, span, move |_, _| {
        let store = asked.clone();
        async move {
            store.login_ticket().await?;
            Ok(())
        }
    })
    .await?;
    settle().await;
    let logins = drive(clients, span, move |client, turn| {
        let store = store.clone();
        async move { rows::create(&store, FIRST + turn * clients + client, DAY).await }
    })
    .await?;
    Ok((tickets, logins))
}
