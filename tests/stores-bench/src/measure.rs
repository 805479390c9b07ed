//! The measurements.

use std::time::{Duration, Instant};

use portcullis::{
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    secret::SecretString,
    session::{
        OpenSession, RefreshRequest, Revocations, RotationRules, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
    verify::{Status, TokenStatus},
};
use tokio::{
    task::{JoinSet, yield_now},
    time::sleep,
};

use crate::{Result, load::Rate, places::Place};

fn api(revocations: &Revocations) -> Result<Sessions> {
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .shape(TokenShape::password_grant())
        .build()?;
    Ok(Sessions::builder(revocations.clone(), issuer)
        .refresh_keys(RefreshKeys::generate()?)
        // Nothing rests: each refresh is an exchange.
        .rules(RotationRules::with_grace(Duration::ZERO))
        .build()?)
}

async fn open(sessions: &Sessions, subject: &Subject) -> Result<TokenPair> {
    let ticket = sessions.begin_login().await?;
    Ok(sessions.open(ticket, &OpenSession::login(subject)).await?)
}

fn refresh_token(pair: TokenPair) -> Result<SecretString> {
    Ok(pair.refresh.ok_or("no refresh token")?.token().clone())
}

/// Each client refreshes a session of its own, as often as it can.
pub(crate) async fn refreshes(place: &Place, clients: usize, span: Duration) -> Result<Rate> {
    let sessions = api(&place.node().await?)?;
    let mut tokens = Vec::new();
    for number in 0..clients {
        let subject = Subject::new("users", format!("client-{number}"));
        tokens.push(refresh_token(open(&sessions, &subject).await?)?);
    }
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for mut token in tokens {
        let sessions = sessions.clone();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while start.elapsed() < span {
                // A store in memory never waits, and the others shall have a turn.
                yield_now().await;
                let asked = Instant::now();
                let presented = sessions.read(token.expose().as_bytes())?;
                let pair = sessions.refresh(&presented, &RefreshRequest::new()).await?;
                token = refresh_token(pair)?;
                latencies.push(asked.elapsed());
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.extend(task??);
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    Ok(Rate {
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        median: latencies[latencies.len() / 2],
        percentile_99: latencies[latencies.len() * 99 / 100],
    })
}

/// What one more session takes, of as many users.
pub(crate) async fn bytes_per_session(place: &Place, count: u32) -> Result<u64> {
    let sessions = api(&place.node().await?)?;
    let before = place.size().await?;
    for number in 0..count {
        let subject = Subject::new("users", format!("user-{number}"));
        open(&sessions, &subject).await?;
    }
    let grown = place.size().await?.saturating_sub(before);
    Ok(grown / u64::from(count))
}

/// How long until another node refuses the access tokens of a session that was
/// logged out: the median, and the longest time. `None` where there is no other
/// node.
pub(crate) async fn revocations(place: &Place, count: u32) -> Result<Option<(Duration, Duration)>> {
    if let Place::Memory(_) = place {
        return Ok(None);
    }
    let sessions = api(&place.node().await?)?;
    let other = place.node().await?;
    // Until it listens.
    sleep(Duration::from_secs(1)).await;
    let verifier = sessions.issuer().verifier().build()?;
    let mut delays = Vec::new();
    for number in 0..count {
        let subject = Subject::new("users", format!("leaving-{number}"));
        let pair = open(&sessions, &subject).await?;
        let token = verifier.verify_now(pair.access.token().expose().as_bytes())?;
        // At any point of an interval of polling.
        sleep(Duration::from_millis(u64::from(number) * 37 % 500)).await;
        let start = Instant::now();
        sessions.log_out(&subject, &pair.session).await?;
        while !matches!(other.status(&token), Status::Revoked) {
            sleep(Duration::from_millis(1)).await;
        }
        delays.push(start.elapsed());
    }
    delays.sort_unstable();
    let most = delays.last().copied().unwrap_or_default();
    Ok(Some((delays[delays.len() / 2], most)))
}
