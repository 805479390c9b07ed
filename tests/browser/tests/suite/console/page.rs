//! The console, driven from outside.

use browser::{
    front::{self, APP},
    stage::Stage,
};
use fantoccini::{Locator, elements::Element};
use serde_json::{Value, json};

pub(super) struct Console<'a>(&'a Stage);

impl<'a> Console<'a> {
    /// The page when it can be used.
    pub(super) async fn open(stage: &'a Stage) -> Self {
        Self::open_at(stage, &front::url(APP, "/")).await
    }

    pub(super) async fn open_at(stage: &'a Stage, url: &str) -> Self {
        stage.browser.open(url).await;
        let console = Self(stage);
        console
            .until("document.body.dataset.ready === 'true'")
            .await;
        console
    }

    async fn find(&self, selector: &str) -> Element {
        let found = self.0.browser.client().find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Clicks, and waits for what that begins.
    pub(super) async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
        self.idle().await;
    }

    async fn idle(&self) {
        self.until("document.body.dataset.busy === 'false'").await;
    }

    /// Writes into a field, as somebody at a keyboard does.
    pub(super) async fn fill(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub(super) async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap()
    }

    pub(super) async fn attribute(&self, selector: &str, name: &str) -> String {
        let value = self.find(selector).await.attr(name).await.unwrap();
        value.unwrap_or_else(|| panic!("{selector} has no {name}"))
    }

    /// What the body says of the page.
    pub(super) async fn body(&self, name: &str) -> Value {
        let script = "return document.body.dataset[args[0]];";
        self.0.browser.run(script, &[json!(name)]).await
    }

    /// Waits.
    pub(super) async fn until(&self, condition: &str) {
        let script =
            format!("while (!({condition})) await new Promise((done) => setTimeout(done, 10));");
        self.0.browser.run(&script, &[]).await;
    }

    /// Signs in as the account that is proposed.
    pub(super) async fn sign_in(&self) {
        self.click("#login").await;
        self.signed_in().await;
    }

    pub(super) async fn signed_in(&self) {
        self.until("document.body.dataset.signedIn === 'true'")
            .await;
        self.idle().await;
    }

    pub(super) async fn signed_out(&self) {
        self.until("document.body.dataset.signedIn === 'false'")
            .await;
        self.idle().await;
    }

    /// A page that has never been here, while its session goes on.
    pub(super) async fn forget_everything(&self) {
        self.0.browser.run("localStorage.clear();", &[]).await;
        self.0.browser.client().refresh().await.unwrap();
        self.until("document.body.dataset.ready === 'true'").await;
    }

    /// Runs an experiment; how it ends.
    pub(super) async fn experiment(&self, name: &str) -> String {
        let button = format!("#try-{name}");
        self.click(&button).await;
        self.attribute(&button, "data-outcome").await
    }

    /// What the timeline says of the newest experiment of this name.
    pub(super) async fn verdict(&self, group: &str) -> String {
        let verdict = format!("#timeline > li[data-group={group}] [data-verdict]");
        self.attribute(&verdict, "data-verdict").await
    }

    /// What the newest group of this name tells, such as `refresh 200`.
    pub(super) async fn newest(&self, group: &str) -> Vec<String> {
        let script = r#"
            const group = document.querySelector(`#timeline > li[data-group="${args[0]}"]`);
            const steps = [...group.querySelectorAll("li[data-step][data-status]")];
            return steps.map(({ dataset }) => `${dataset.step} ${dataset.status}`);
        "#;
        let steps = self.0.browser.run(script, &[json!(group)]).await;
        serde_json::from_value(steps).unwrap()
    }

    /// Waits for a list of so many sessions, one of which is this one.
    pub(super) async fn sessions(&self, count: usize) {
        let all = "document.querySelectorAll('#sessions-list li').length";
        let own = "document.querySelectorAll('#sessions-list li:has(.badge)').length";
        self.until(&format!("{all} === {count} && {own} === 1"))
            .await;
    }

    /// Ends the session of an item. In one step: the list is written anew whenever
    /// something happens.
    pub(super) async fn end_session(&self, item: &str) {
        let script = "document.querySelector(`#sessions-list ${args[0]} button.end`).click();";
        self.0.browser.run(script, &[json!(item)]).await;
        self.idle().await;
    }

    /// Waits for an event of the feed.
    pub(super) async fn event(&self, name: &str) {
        let selector = format!("#feed-list li[data-event={name}]");
        self.until(&format!("document.querySelector('{selector}')"))
            .await;
    }
}
