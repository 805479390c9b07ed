//! A page of the application, driven from outside.

use browser::{
    front::{self, APP},
    stage::Stage,
    token,
};
use serde_json::{Value, json};

/// How the tokens travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Header,
    Cookie,
}

impl Mode {
    pub(crate) fn refresh_path(self) -> &'static str {
        match self {
            Self::Header => "/auth/jwt/refresh",
            Self::Cookie => "/auth/cookie/refresh",
        }
    }

    /// What a refused refresh is answered.
    pub(crate) fn refused(self) -> u16 {
        match self {
            Self::Header => 400,
            Self::Cookie => 401,
        }
    }

    /// Such as `POST /auth/jwt/refresh 200`.
    pub(crate) fn refresh_line(self, status: u16) -> String {
        format!("POST {} {status}", self.refresh_path())
    }

    /// What a demo is started with.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Header => &[],
            Self::Cookie => &["--cookies=on"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// Opens the application in the tab that is looked at.
pub(crate) async fn open(stage: &Stage, mode: Mode, client: &str) {
    let url = front::url(APP, "/page/blank.html");
    open_at(stage, &url, mode, client, "").await;
}

/// Opens a page at `url` that makes its requests at `base`.
pub(crate) async fn open_at(stage: &Stage, url: &str, mode: Mode, client: &str, base: &str) {
    stage.browser.open(url).await;
    let script = r#"
        const { open } = await import("/page/app.js");
        await open(...args);
    "#;
    let arguments = [json!(mode.name()), json!(client), json!(base)];
    stage.browser.run(script, &arguments).await;
}

/// Logs in; what the login was answered.
pub(crate) async fn log_in(stage: &Stage) -> Value {
    stage.browser.run("return app.login();", &[]).await
}

/// Logs in, with an access token that has expired since. What is in the page is
/// left as it would be then.
pub(crate) async fn log_in_long_ago(stage: &Stage, mode: Mode) -> Value {
    let mut answer = log_in(stage).await;
    match mode {
        Mode::Header => {
            let token = answer["access_token"].as_str().unwrap();
            answer["access_token"] = token::expired(token).into();
            let script = "app.session.start(args[0]);";
            stage
                .browser
                .run(script, std::slice::from_ref(&answer))
                .await;
        }
        Mode::Cookie => stage.browser.drop_cookie("__Host-access_token").await,
    }
    stage.front.seen();
    answer
}

/// What a thief takes from the page that is looked at: headers of a refresh.
#[derive(Debug)]
pub(crate) struct Stolen(Vec<(&'static str, String)>);

pub(crate) async fn steal(stage: &Stage, mode: Mode) -> Stolen {
    let script = "return app.session.refreshHeaders();";
    let headers = stage.browser.run(script, &[]).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Stolen(match mode {
        Mode::Header => vec![("refresh-token", text(&headers["refresh-token"]))],
        Mode::Cookie => {
            let cookie = stage.browser.cookie("__Secure-refresh_token").await;
            vec![
                (
                    "cookie",
                    format!("__Secure-refresh_token={}", text(&cookie["value"])),
                ),
                ("x-csrf-token", text(&headers["X-CSRF-Token"])),
                // A thief's program says what a browser would say.
                ("sec-fetch-site", "same-origin".to_owned()),
            ]
        }
    })
}

/// Presents it from elsewhere; the status of the answer.
pub(crate) async fn replay(stage: &Stage, mode: Mode, stolen: &Stolen) -> u16 {
    let headers = stolen.0.iter().map(|(name, value)| (*name, value.as_str()));
    let headers: Vec<_> = headers.collect();
    stage.front.ask("POST", mode.refresh_path(), &headers).await
}

/// The statuses of so many calls of `/me` at once; the name of an error where
/// there was none.
pub(crate) async fn calls(stage: &Stage, count: usize) -> Vec<String> {
    let script = "return app.calls(...args);";
    texts(&stage.browser.run(script, &[json!(count)]).await)
}

/// Begins with such calls. [`results`] waits for them.
pub(crate) async fn begin_calls(stage: &Stage, count: usize) {
    let script = "app.pending = app.calls(...args);";
    stage.browser.run(script, &[json!(count)]).await;
}

pub(crate) async fn results(stage: &Stage) -> Vec<String> {
    texts(&stage.browser.run("return app.pending;", &[]).await)
}

/// How often the page was told that its session has ended.
pub(crate) async fn ended(stage: &Stage) -> u64 {
    let count = stage.browser.run("return app.ended;", &[]).await;
    count.as_u64().unwrap()
}

/// Waits in the page.
pub(crate) async fn until(stage: &Stage, condition: &str) {
    let script = format!("await app.until(async () => {condition});");
    stage.browser.run(&script, &[]).await;
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.as_str().map_or(one.to_string(), str::to_owned))
        .collect()
}

/// So many times the same.
pub(crate) fn all(count: usize, text: &str) -> Vec<String> {
    vec![text.to_owned(); count]
}

/// What was asked and answered since somebody looked, with how often.
pub(crate) fn summary(stage: &Stage) -> Vec<(String, usize)> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for seen in stage.front.seen() {
        let line = seen.line();
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, count)) => *count += 1,
            None => lines.push((line, 1)),
        }
    }
    lines
}

/// A line of [`summary`].
pub(crate) fn line(text: &str, count: usize) -> (String, usize) {
    (text.to_owned(), count)
}
