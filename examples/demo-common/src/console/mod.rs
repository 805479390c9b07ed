//! The console: a page to try the demo with, and what it asks for.

mod files;
mod settings;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use portcullis::verify::Verified;

pub(crate) use self::settings::Cookies;
use crate::{
    cli::Options,
    feed::{EventStream, Feed},
    replies,
};

/// What the console is made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Console {
    settings: Bytes,
    feed: Arc<Feed>,
}

impl Console {
    /// The paths of the page and its files, for GET and HEAD.
    pub fn paths() -> impl Iterator<Item = &'static str> {
        files::paths()
    }

    /// What the settings are, for GET and HEAD: where the page learns what the demo
    /// was started with.
    pub const SETTINGS: &'static str = "/demo/settings";

    /// Where the events are, for GET and an access token.
    pub const EVENTS: &'static str = "/demo/events";

    pub(crate) fn new(
        program: &str,
        options: &Options,
        cookies: Option<Cookies>,
        feed: Feed,
    ) -> Self {
        Self {
            settings: settings::of(program, options, cookies),
            feed: Arc::new(feed),
        }
    }

    /// The file at a path, given the values of `If-None-Match`; "not found" where
    /// there is none.
    pub fn file<'a>(
        &self,
        path: &str,
        if_none_match: impl IntoIterator<Item = &'a [u8]>,
    ) -> Response<Bytes> {
        files::answer(path, if_none_match)
    }

    /// `GET /demo/settings`.
    pub fn settings(&self) -> Response<Bytes> {
        replies::json(self.settings.clone())
    }

    /// `GET /demo/events`: what happens to the sessions of whoever presented the
    /// token, as server-sent events, as long as the token is good and the server
    /// runs.
    pub fn events(&self, token: &Verified) -> Response<EventStream> {
        self.feed.follow(token)
    }
}
