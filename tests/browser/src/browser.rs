//! Chromium with a fresh profile.

use fantoccini::{
    Client, ClientBuilder,
    error::CmdError,
    wd::{Capabilities, TimeoutConfiguration, WebDriverCompatibleCommand, WindowHandle},
};
use http::Method;
use serde_json::{Value, json};

use crate::{driver::Driver, front::Front, installed::Programs, patience::PATIENCE};

/// A browser; it ends when this is dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Dropped after the client.
    _driver: Driver,
}

impl Browser {
    /// A browser that finds `front` at whatever https and http URL without a port,
    /// takes its certificate, and reaches nothing but this machine.
    pub(crate) async fn start(programs: &Programs, front: &Front) -> Self {
        let driver = Driver::start(programs);
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-default-browser-check",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Two tabs are both looked at.
            "--disable-background-timer-throttling",
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            "--window-size=1280,1000",
        ];
        let mut arguments: Vec<_> = arguments.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", driver.profile()));
        arguments.push(format!(
            "--ignore-certificate-errors-spki-list={}",
            front.spki()
        ));
        arguments.push(format!("--host-resolver-rules={}", front.resolver_rules()));
        let mut capabilities = Capabilities::new();
        capabilities.insert("browserName".into(), "chrome".into());
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        capabilities.insert(
            "goog:chromeOptions".into(),
            json!({
                "binary": programs.chromium,
                "args": arguments,
                // Cookies are blocked by nobody but the rules of cookies.
                "prefs": { "profile.cookie_controls_mode": 0 },
            }),
        );
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .expect("Chromium starts");
        let session = client.session_id().await.unwrap().unwrap();
        driver.remember(session);
        let patience = TimeoutConfiguration::new(Some(PATIENCE), Some(PATIENCE), None);
        client.update_timeouts(patience).await.unwrap();
        Self {
            client,
            _driver: driver,
        }
    }

    /// The tab that is looked at.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// What the body of an asynchronous function returns, run in the page.
    ///
    /// # Panics
    ///
    /// If it throws: that is a test that has failed.
    pub async fn run(&self, body: &str, arguments: &[Value]) -> Value {
        match self.try_run(body, arguments).await {
            Ok(value) => value,
            Err(thrown) => panic!("the page threw {thrown}"),
        }
    }

    /// What it returns, or the text of what it throws.
    pub async fn try_run(&self, body: &str, arguments: &[Value]) -> Result<Value, String> {
        let script = format!(
            "const done = arguments[arguments.length - 1];\n\
             (async (...args) => {{\n{body}\n}})(...[...arguments].slice(0, -1)).then(\n\
               (value) => done({{ value: value === undefined ? null : value }}),\n\
               (error) => done({{ error: `${{error?.stack ?? error}}` }}));"
        );
        let arguments = arguments.to_vec();
        let result = self.client.execute_async(&script, arguments).await;
        let mut result = result.unwrap_or_else(|error| panic!("{error}\n{body}"));
        match result.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(result["value"].take()),
        }
    }

    /// A further tab, which is looked at from now on.
    pub async fn new_tab(&self) -> WindowHandle {
        let tab = self.client.new_window(true).await.unwrap().handle;
        self.client.switch_to_window(tab.clone()).await.unwrap();
        tab
    }

    /// The tab that is looked at.
    pub async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Looks at another tab.
    pub async fn look_at(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
    }

    /// All cookies of this profile, also those that no script sees, as the DevTools
    /// protocol describes them.
    pub async fn cookies(&self) -> Vec<Value> {
        let mut all = self.devtools("Storage.getCookies", json!({})).await;
        serde_json::from_value(all["cookies"].take()).unwrap()
    }

    /// The only one of this name.
    pub async fn cookie(&self, name: &str) -> Value {
        let mut cookies = self.cookies().await;
        cookies.retain(|cookie| cookie["name"] == name);
        assert_eq!(cookies.len(), 1, "{name}: {cookies:?}");
        cookies.remove(0)
    }

    /// Takes a cookie away, as if it had expired.
    pub async fn drop_cookie(&self, name: &str) {
        let cookie = self.cookie(name).await;
        let which = json!({ "name": name, "domain": cookie["domain"], "path": cookie["path"] });
        self.devtools("Network.deleteCookies", which).await;
        let cookies = self.cookies().await;
        assert!(cookies.iter().all(|cookie| cookie["name"] != name));
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.issue("goog/cdp/execute", body).await
    }

    /// What the browser has written into its console since it was asked last.
    pub async fn messages(&self) -> Vec<String> {
        let messages = self.issue("se/log", json!({ "type": "browser" })).await;
        let messages = messages.as_array().unwrap().iter();
        messages.map(|one| one["message"].to_string()).collect()
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        let command = OfChromeDriver { path, body };
        let result: Result<Value, CmdError> = self.client.issue_cmd(command).await;
        result.unwrap()
    }
}

/// ChromeDriver's extensions of WebDriver.
#[derive(Debug)]
struct OfChromeDriver {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for OfChromeDriver {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
