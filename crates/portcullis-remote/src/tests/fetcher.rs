//! The rules that hold for every client.

use std::{
    fs, future,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header::AUTHORIZATION};
use url::Url;

use crate::{
    BoxFuture, FetchError, FetchErrorKind, HttpClient, http::Fetcher, url_rules::UrlRules,
};

/// Somebody's own client.
#[derive(Clone)]
struct Own {
    answer: Option<Response<Bytes>>,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
}

impl HttpClient for Own {
    fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        assert_eq!(max_body, 512 * 1024);
        self.seen.lock().unwrap().push(request.headers().clone());
        match self.answer.clone() {
            Some(answer) => Box::pin(future::ready(Ok(answer))),
            None => Box::pin(future::pending()),
        }
    }
}

fn answering(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Own {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Own {
        answer: Some(response.body(body.into()).unwrap()),
        seen: Arc::default(),
    }
}

fn url() -> Url {
    let text = "https://login.example.com/keys?code=hidden";
    UrlRules::default().check("it", text).unwrap()
}

async fn error(client: Own, etag: Option<&HeaderValue>) -> FetchError {
    let error = Fetcher::new(client).get(&url(), etag).await.unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("https://login.example.com/keys"),
        "{message}"
    );
    assert!(!message.contains("hidden"), "{message}");
    error
}

#[tokio::test]
async fn only_a_document_is_a_document() {
    let ok = Fetcher::new(answering(200, &[], "{}"));
    assert_eq!(ok.get(&url(), None).await.unwrap().body(), "{}");
    for status in [201, 204, 206, 304, 400, 401, 403, 404, 429, 500, 503] {
        let error = error(answering(status, &[], "{}"), None).await;
        assert_eq!(error.kind(), FetchErrorKind::Status(status));
        assert_eq!(error.retry_after(), None);
    }
    let etag = HeaderValue::from_static("\"1\"");
    let client = answering(304, &[], "");
    let same = Fetcher::new(client.clone()).get(&url(), Some(&etag)).await;
    assert_eq!(same.unwrap().status(), 304);
    assert_eq!(client.seen.lock().unwrap()[0]["if-none-match"], "\"1\"");
}

#[tokio::test]
async fn errors_say_when_to_come_back_and_where_else() {
    for status in [429, 503] {
        let client = answering(status, &[("retry-after", "120")], "");
        let wait = error(client, None).await.retry_after();
        assert_eq!(wait, Some(Duration::from_secs(120)));
    }
    let location = [("location", "/realms/main/keys?code=hidden")];
    let message = error(answering(301, &location, ""), None).await.to_string();
    assert!(message.contains("redirects are not followed"), "{message}");
    assert!(
        message.contains("https://login.example.com/realms/main/keys"),
        "{message}"
    );
}

#[tokio::test]
async fn a_client_that_keeps_no_limit_is_held_to_it() {
    let long = answering(200, &[], vec![b' '; 512 * 1024 + 1]);
    assert_eq!(error(long, None).await.kind(), FetchErrorKind::TooLarge);
    let silent = Own {
        answer: None,
        seen: Arc::default(),
    };
    let fetcher = Fetcher::new(silent).with_timeout(Duration::from_millis(20));
    let error = fetcher.get(&url(), None).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Timeout);
}

#[tokio::test]
async fn a_bearer_file_is_read_each_time_and_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let client = answering(200, &[], "{}");
    let fetcher = Fetcher::new(client.clone()).with_bearer_file(path.clone());
    let missing = fetcher.get(&url(), None).await.unwrap_err();
    assert_eq!(missing.kind(), FetchErrorKind::Unreadable);
    assert!(missing.to_string().contains("token"), "{missing}");
    for token in ["one", "two"] {
        fs::write(&path, format!("{token}\n")).unwrap();
        fetcher.get(&url(), None).await.unwrap();
        let headers = client.seen.lock().unwrap().pop().unwrap();
        assert_eq!(headers[AUTHORIZATION], format!("Bearer {token}"));
        assert!(headers[AUTHORIZATION].is_sensitive());
    }
    for text in ["", "\n", "secret\nsecret"] {
        fs::write(&path, text).unwrap();
        let error = fetcher.get(&url(), None).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::Unreadable);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(client.seen.lock().unwrap().is_empty());
}
