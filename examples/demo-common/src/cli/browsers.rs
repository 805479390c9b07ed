//! The options that are about browsers.

use std::{ffi::OsString, fmt, str::FromStr};

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use http::Uri;

use super::Repeated;

/// What the demo does for browsers.
#[derive(Clone, Debug)]
pub(crate) struct Browsers {
    /// Whether they may log in with cookies.
    pub cookies: CookieChoice,
    /// Whether the cookies do without https.
    pub insecure_cookies: bool,
    /// Whose pages may make requests with cookies, beside the demo's own.
    pub origins: Vec<Origin>,
    /// Whose pages may read answers.
    pub cors: Vec<Origin>,
}

/// Whether there are cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CookieChoice {
    /// On a loopback address, where they do without https; nowhere else
    Auto,
    /// Cookies for https
    On,
    /// No cookies
    Off,
}

/// Those of the command line.
#[derive(Args, Debug)]
pub(super) struct BrowserArguments {
    /// Whether browsers may log in with cookies, at `/auth/cookie`
    #[arg(
        long,
        value_name = "WHEN",
        env = "PORTCULLIS_COOKIES",
        value_enum,
        default_value_t = CookieChoice::Auto,
        default_missing_value = "on",
        num_args = 0..=1,
        require_equals = true
    )]
    cookies: CookieChoice,

    /// Cookies that do without https, for a demo on a loopback address; what
    /// `--cookies=auto` means there
    #[arg(long, env = "PORTCULLIS_INSECURE_COOKIES", value_parser = FalseyValueParser::new())]
    insecure_cookies: bool,

    /// An origin whose pages may make requests with cookies; repeatable. The
    /// demo's own, on plain http, are allowed
    /// [env: PORTCULLIS_ORIGIN]
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,

    /// An origin whose pages may call the demo and read its answers (CORS);
    /// repeatable
    /// [env: PORTCULLIS_CORS]
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
}

impl BrowserArguments {
    pub(super) fn read(
        self,
        variable: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<Browsers, clap::Error> {
        if self.insecure_cookies && self.cookies == CookieChoice::Off {
            return Err(super::invalid(
                "--insecure-cookies",
                "there are no cookies with --cookies=off: leave one of the two out",
            ));
        }
        let origins = |option, given| {
            let repeated = Repeated {
                option,
                given,
                default: "",
            };
            let (origins, _) = repeated.read::<Origin>(variable, |origin| &origin.0)?;
            Ok::<_, clap::Error>(origins)
        };
        Ok(Browsers {
            cookies: self.cookies,
            insecure_cookies: self.insecure_cookies,
            origins: origins("origin", self.origin)?,
            cors: origins("cors", self.cors)?,
        })
    }
}

/// Scheme, host and port, as browsers write them in the header `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "an origin is SCHEME://HOST or SCHEME://HOST:PORT, such as \
                             https://app.example, without a slash at the end";
        if text == "*" {
            return Err("name the origins one by one: * does not go with credentials");
        }
        let uri: Uri = text.parse().map_err(|_| SHAPE)?;
        let scheme = uri.scheme_str().ok_or(SHAPE)?;
        let authority = uri.authority().ok_or(SHAPE)?.as_str();
        if !matches!(scheme, "http" | "https")
            || authority.contains('@')
            || text != format!("{scheme}://{authority}")
        {
            return Err(SHAPE);
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err("browsers write origins in lower case");
        }
        if text.ends_with(if scheme == "http" { ":80" } else { ":443" }) {
            return Err("browsers leave out the port that the scheme has anyway");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in [
            "https://app.example",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert_eq!(good.parse::<Origin>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?x",
            "https://bob@app.example",
            "https://App.example",
            "https://app.example:443",
            "http://app.example:80",
            "ftp://app.example",
            "//app.example",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
