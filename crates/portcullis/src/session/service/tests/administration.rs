//! Counting, paging, ending and erasing.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::session::{SessionData, SessionRecord};

fn device(name: &str) -> Device {
    Device::new(Some(name), Some([192, 0, 2, 1].into()))
}

/// Sessions of two clients on two devices, a minute apart, and one of somebody else.
async fn populated() -> (Api, Vec<TokenPair>, TokenPair) {
    let api = Api::new(|builder| builder).await;
    let mut pairs = Vec::new();
    for (client, agent) in [
        ("web", "fox"),
        ("app", "fox"),
        ("web", "cat"),
        ("app", "cat"),
    ] {
        let open = |request: OpenSession<'static>| request.client(client).device(device(agent));
        pairs.push(api.open(open).await);
        api.pass(60_000);
    }
    let bob = Subject::new("users", "bob");
    let ticket = api.sessions.begin_login().await.unwrap();
    let login = OpenSession::login(&bob).client("web");
    let other = api.sessions.open(ticket, &login).await.unwrap();
    (api, pairs, other)
}

async fn live(api: &Api, pairs: &[TokenPair]) -> Vec<usize> {
    let rows = api.sessions.list(&alice()).await.unwrap();
    let ids: BTreeSet<_> = rows.into_iter().map(|row| row.id).collect();
    let is_live = |index: &usize| ids.contains(&pairs[*index].session);
    (0..pairs.len()).filter(is_live).collect()
}

#[tokio::test]
async fn what_is_meant_ends_and_nothing_else() {
    let start = 1_700_000_000_123;
    let time = |minutes: i64| Timestamp::from_millis(start + minutes * 60_000);
    for case in 0..7 {
        let (api, pairs, other) = populated().await;
        let all = SessionFilter::all;
        let (filter, left) = match case {
            0 => (all(), vec![]),
            1 => (all().except(&pairs[2].session), vec![2]),
            2 => (all().client("web"), vec![1, 3]),
            3 => (all().user_agent("cat"), vec![0, 1]),
            4 => (all().opened_before(time(2)), vec![2, 3]),
            5 => (all().client("web").user_agent("cat"), vec![0, 1, 3]),
            _ => {
                // Used again, though opened first.
                let request = plain().client("web").device(device("fox"));
                api.refresh(refresh_token(&pairs[0]), &request)
                    .await
                    .unwrap();
                (all().last_used_before(time(2)), vec![0, 2, 3])
            }
        };
        let ended = api.sessions.end_where(&alice(), &filter).await.unwrap();
        assert_eq!(live(&api, &pairs).await, left, "{case}");
        assert_eq!(ended.len(), 4 - left.len());
        for (index, pair) in pairs.iter().enumerate() {
            let is_good = left.contains(&index);
            assert_eq!(api.verify(pair).is_ok(), is_good, "{case}: {index}");
            assert_eq!(ended.contains(&pair.session), !is_good);
        }
        api.verify(&other).unwrap();
        // What has ended ends no second time.
        let again = api.sessions.end_where(&alice(), &filter).await.unwrap();
        assert_eq!(again, []);
    }
}

#[tokio::test]
async fn more_than_a_page_ends() {
    let api = Api::new(|builder| builder.session_limit(0)).await;
    let own = api.open(|request| request).await;
    for _ in 0..600 {
        api.open(|request| request).await;
    }
    let filter = SessionFilter::all().except(&own.session);
    let ended = api.sessions.end_where(&alice(), &filter).await.unwrap();
    assert_eq!(ended.len(), 600);
    assert_eq!(api.sessions.count(&alice()).await.unwrap(), 1);
}

#[tokio::test]
async fn sessions_are_counted_and_paged() {
    let (api, pairs, _) = populated().await;
    assert_eq!(api.sessions.count(&alice()).await.unwrap(), 4);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = api
            .sessions
            .list_page(&alice(), after.as_ref(), 3)
            .await
            .unwrap();
        assert!(page.sessions.len() <= 3);
        seen.extend(page.sessions.into_iter().map(|row| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let all: Vec<_> = pairs.iter().map(|pair| pair.session.clone()).collect();
    assert_eq!(seen, all);
    api.sessions.log_out(&alice(), &all[0]).await.unwrap();
    assert_eq!(api.sessions.count(&alice()).await.unwrap(), 3);
}

#[tokio::test]
async fn who_is_erased_is_logged_out_and_forgotten() {
    let (api, pairs, other) = populated().await;
    let alice = alice();
    let data = SessionData::new(&json!({ "name": "Alice" })).unwrap();
    let with_data = api.open(|request| request.data(&data)).await;
    let ticket = api.sessions.begin_login().await.unwrap();
    let erased = api.sessions.erase(&alice).await.unwrap();
    assert_eq!(erased.sessions.len(), 5);
    assert_eq!(api.sessions.count(&alice).await.unwrap(), 0);
    for pair in pairs.iter().chain([&with_data]) {
        assert_eq!(api.verify(pair), Err(VerifyErrorKind::Revoked));
        let row = api.sessions.store().session(&alice, &pair.session).await;
        let SessionRecord { device, grant, .. } = row.unwrap().unwrap();
        assert_eq!(device, Device::default());
        assert_eq!(grant.data, None);
    }
    let late = api.sessions.open(ticket, &OpenSession::login(&alice)).await;
    let kind = late.unwrap_err().kind();
    assert_eq!(kind, SessionErrorKind::LoggedOutMeanwhile);
    api.verify(&other).unwrap();
}

/// Or whoever counts down what is left would take the list for read.
#[tokio::test]
async fn a_page_without_room_has_one_session() {
    let api = Api::new(|builder| builder).await;
    for _ in 0..2 {
        api.open(|request| request).await;
    }
    let page = api.sessions.list_page(&alice(), None, 0).await.unwrap();
    assert_eq!(page.sessions.len(), 1);
    assert!(page.next.is_some());
}

/// Whoever purges: the task that keeps the store small, too.
#[tokio::test]
async fn the_task_that_keeps_the_store_small_forgets_devices() {
    let week = Duration::from_secs(7 * 86_400);
    for (retention, expected) in [(Some(week), None), (None, Some("fox"))] {
        let api = Api::new(|builder| match retention {
            Some(week) => builder.device_retention(week),
            None => builder,
        });
        let api = api.await;
        api.open(|request| request.device(device("fox"))).await;
        api.pass(8 * DAY);
        let mut pauses = 0;
        let maintenance = api.sessions.maintenance();
        let work = maintenance.run(|_| {
            pauses += 1;
            let is_over = pauses > 1;
            async move {
                if is_over {
                    std::future::pending::<()>().await;
                }
            }
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::pin!(work).poll(&mut context).is_pending());
        let row = api.sessions.list(&alice()).await.unwrap().remove(0);
        assert_eq!(row.device.user_agent.as_deref(), expected);
    }
}

#[tokio::test]
async fn devices_are_forgotten_when_they_were_not_used_for_so_long() {
    let week = Duration::from_secs(7 * 86_400);
    let mut api = Api::new(|builder| builder.device_retention(week)).await;
    let pair = api.open(|request| request.device(device("fox"))).await;
    let agents = async |api: &Api| {
        let rows = api.sessions.list(&alice()).await.unwrap();
        let agents = rows.into_iter().map(|row| row.device.user_agent);
        agents.collect::<Vec<_>>()
    };
    api.pass(6 * DAY);
    assert_eq!(api.sessions.purge().await.unwrap(), 0);
    assert_eq!(agents(&api).await, [Some("fox".to_owned())]);
    let request = plain().device(device("cat"));
    api.refresh(refresh_token(&pair), &request).await.unwrap();
    api.pass(6 * DAY);
    assert_eq!(api.sessions.purge().await.unwrap(), 0);
    api.pass(2 * DAY);
    // Who does not ask for it keeps them.
    let (revocations, issuer) = (api.sessions.revocations(), api.sessions.issuer());
    let keeping = Sessions::builder(revocations.clone(), issuer.clone());
    let keeping = keeping.build().unwrap();
    assert_eq!(keeping.purge().await.unwrap(), 0);
    assert_eq!(agents(&api).await, [Some("cat".to_owned())]);
    assert_eq!(api.sessions.purge().await.unwrap(), 1);
    assert_eq!(agents(&api).await, [None]);
    assert_eq!(api.sessions.purge().await.unwrap(), 0);
    api.sessions = keeping;
    assert_eq!(api.sessions.count(&alice()).await.unwrap(), 1);
}
