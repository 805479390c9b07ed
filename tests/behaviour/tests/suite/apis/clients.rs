//! Clients, public and confidential (RFC 6749 sections 2.3 and 6).

use behaviour::client::Request;

use super::{FORM_REFRESH, GRANT_LOGIN, HEADER_REFRESH, On, Pair, Stage, assert_error, basic};

const GOOD: &str = "grant_type=password&username=alice&password=wonder+land";
/// `s:%é +`, form-encoded.
const SECRET: &str = "s%3A%25%C3%A9+%2B";

fn invalid_client(answer: &behaviour::answer::Answer) {
    assert_error(answer, 401, "invalid_client");
    let challenges = answer.challenges().unwrap();
    assert!(
        challenges.iter().any(|one| one.scheme == "Basic"),
        "{answer:?}"
    );
}

#[test]
fn clients_at_login() {
    Stage::new().play(async |on: &On<'_>| {
        let login = |more: String| format!("{GOOD}{more}");
        for good in [
            String::new(),
            "&client_id=mobile".to_owned(),
            "&client_id=mobile&client_secret=".to_owned(),
            format!("&client_id=web&client_secret={SECRET}"),
        ] {
            assert_eq!(on.form(GRANT_LOGIN, &login(good)).await.status, 200);
        }
        for bad in [
            "&client_id=nobody",
            "&client_id=web",
            "&client_id=web&client_secret=wrong",
            "&client_id=other&client_secret=s%3A%25%C3%A9+%2B",
        ] {
            invalid_client(&on.form(GRANT_LOGIN, &login(bad.to_owned())).await);
        }
        let post = |form: &str| Request::new("POST", GRANT_LOGIN).form(form);
        let pair = basic(&format!("web:{SECRET}"));
        let answer = on.send(post(GOOD).authorization(&pair)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let named = post(&login("&client_id=web".to_owned())).authorization(&pair);
        assert_eq!(on.send(named).await.status, 200);
        invalid_client(&on.send(post(GOOD).authorization(basic("web:wrong"))).await);
        // Two ways at once (section 2.3).
        let both = post(&login(format!("&client_id=web&client_secret={SECRET}")));
        assert_error(
            &on.send(both.authorization(&pair)).await,
            400,
            "invalid_request",
        );
        let others = post(&login("&client_id=mobile".to_owned())).authorization(&pair);
        assert_error(&on.send(others).await, 400, "invalid_request");
        let repeated = post(&login("&client_id=mobile&client_id=mobile".to_owned()));
        assert_error(&on.send(repeated).await, 400, "invalid_request");
    });
}

/// The session of a confidential client needs that client's authentication on
/// both routes, else nothing changes.
#[test]
fn sessions_of_confidential_clients() {
    Stage::new().play(async |on: &On<'_>| {
        let credentials = format!("&client_id=web&client_secret={SECRET}");
        let pair = on.grant(&credentials).await;
        let by_header = |authorization: Option<String>| {
            let request =
                Request::new("POST", HEADER_REFRESH).field("refresh-token", &pair.refresh);
            match authorization {
                Some(value) => request.authorization(value),
                None => request,
            }
        };
        invalid_client(&on.send(by_header(None)).await);
        invalid_client(&on.send(by_header(Some(basic("web:wrong")))).await);
        invalid_client(&on.send(by_header(Some(basic("web:")))).await);
        invalid_client(&on.refresh_by_form(&pair.refresh, "").await);
        invalid_client(&on.refresh_by_form(&pair.refresh, "&client_id=web").await);
        invalid_client(
            &on.refresh_by_form(&pair.refresh, "&client_id=web&client_secret=x")
                .await,
        );
        // Another client, well authenticated: its own mistake, not the family's.
        let other = on
            .refresh_by_form(&pair.refresh, "&client_id=other&client_secret=o")
            .await;
        assert_error(&other, 400, "invalid_grant");
        let other = on.send(by_header(Some(basic("other:o")))).await;
        assert_error(&other, 400, "invalid_grant");
        let other = on.refresh_by_form(&pair.refresh, "&client_id=mobile").await;
        assert_error(&other, 400, "invalid_grant");
        // Nothing has changed.
        let next = on
            .send(by_header(Some(basic(&format!("web:{SECRET}")))))
            .await;
        let next = Pair::of(&next);
        let next = Pair::of(&on.refresh_by_form(&next.refresh, &credentials).await);
        let request = Request::new("POST", FORM_REFRESH)
            .form(&format!(
                "grant_type=refresh_token&refresh_token={}",
                next.refresh
            ))
            .authorization(basic(&format!("web:{SECRET}")));
        assert_eq!(on.send(request).await.status, 200);
    });
}

/// Sessions of public clients need no authentication, but a `client_id` that is
/// sent must match.
#[test]
fn sessions_of_public_clients() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("&client_id=mobile").await;
        let other = on
            .refresh_by_form(&pair.refresh, "&client_id=other&client_secret=o")
            .await;
        assert_error(&other, 400, "invalid_grant");
        let unknown = on.refresh_by_form(&pair.refresh, "&client_id=nobody").await;
        invalid_client(&unknown);
        assert_eq!(on.generation(&pair.refresh).await, 0);
        let next = Pair::of(&on.refresh_by_form(&pair.refresh, "&client_id=mobile").await);
        let next = Pair::of(&on.refresh_by_form(&next.refresh, "").await);
        assert_eq!(on.refresh(&next.refresh).await.status, 200);
    });
}

/// A session without a client is nobody else's.
#[test]
fn sessions_without_a_client() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        for more in ["&client_id=mobile", "&client_id=other&client_secret=o"] {
            let answer = on.refresh_by_form(&pair.refresh, more).await;
            assert_error(&answer, 400, "invalid_grant");
        }
        assert_eq!(on.generation(&pair.refresh).await, 0);
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
        assert_eq!(on.generation(&pair.refresh).await, 1);
    });
}

/// RFC 7617, RFC 6749 section 2.3.1: what is not even Basic is malformed.
#[test]
fn broken_basic_credentials() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("&client_id=mobile").await;
        for value in [
            "Basic",
            "Basic !",
            "Basic YQ",
            "Basic YTpi YTpi",
            "Basic\tYTpi",
            "Basic,YTpi",
        ] {
            let request = Request::new("POST", HEADER_REFRESH)
                .field("refresh-token", &pair.refresh)
                .authorization(value);
            assert_error(&on.send(request).await, 400, "invalid_request");
        }
        let twice = Request::new("POST", HEADER_REFRESH)
            .field("refresh-token", &pair.refresh)
            .authorization(basic("mobile:"))
            .authorization(basic("mobile:"));
        assert_error(&on.send(twice).await, 400, "invalid_request");
        assert_eq!(on.generation(&pair.refresh).await, 0);
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
    });
}
