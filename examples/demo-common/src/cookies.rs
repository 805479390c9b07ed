//! Cookies for browsers: when there are some, and whose pages may use them.

use std::net::{IpAddr, SocketAddr};

use portcullis::{
    cookies::SessionCookies,
    csrf::{CsrfKey, CsrfProtection},
};

use crate::{
    cli::{Browsers, CookieChoice},
    start::StartError,
};

/// Where browsers log in, refresh and log out.
pub(crate) const PATH: &str = "/auth/cookie";

/// What kind of cookies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For https, as a proxy in front of the demo has it.
    Secure,
    /// For plain http on this machine.
    Insecure,
}

/// What kind of cookies a demo that listens at `address` has.
///
/// # Errors
///
/// If others than this machine could read them on their way.
pub(crate) fn kind(browsers: &Browsers, address: SocketAddr) -> Result<Option<Kind>, StartError> {
    let is_local = address.ip().is_loopback();
    if browsers.insecure_cookies && !is_local {
        return Err(StartError::new(format_args!(
            "--insecure-cookies is for loopback addresses, and {address} is none: others could \
             read the cookies on their way; listen on 127.0.0.1, or leave it out and put a proxy \
             with TLS in front of the demo"
        )));
    }
    Ok(match browsers.cookies {
        CookieChoice::Off => None,
        _ if browsers.insecure_cookies => Some(Kind::Insecure),
        CookieChoice::On => Some(Kind::Secure),
        CookieChoice::Auto => is_local.then_some(Kind::Insecure),
    })
}

/// The cookies, and the origins whose pages may use them: those that were given, and
/// without https the demo's own, which browsers do not always tell from others there.
///
/// # Errors
///
/// If an origin cannot be used.
pub(crate) fn build(
    kind: Kind,
    browsers: &Browsers,
    key: CsrfKey,
    address: SocketAddr,
) -> Result<SessionCookies, StartError> {
    let own = match kind {
        Kind::Secure => Vec::new(),
        Kind::Insecure => own_origins(address),
    };
    let given = browsers.origins.iter().map(|origin| origin.as_str());
    let mut csrf = CsrfProtection::new(key);
    for origin in given.chain(own.iter().map(String::as_str)) {
        csrf = csrf.allow_origin(origin).map_err(StartError::new)?;
    }
    let cookies = SessionCookies::new(csrf);
    Ok(match kind {
        Kind::Secure => cookies,
        Kind::Insecure => {
            tracing::info!(origins = own.join(" "), "pages of the demo may use cookies");
            cookies.insecure_on_loopback()
        }
    })
}

/// Under which names a browser on this machine may know the demo.
fn own_origins(address: SocketAddr) -> Vec<String> {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let port = match address.port() {
        80 => String::new(),
        port => format!(":{port}"),
    };
    [host.as_str(), "localhost"]
        .map(|host| format!("http://{host}{port}"))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn kind_of(words: &[&str], address: &str) -> Result<Option<Kind>, StartError> {
        kind(&cli::from_words(words).browsers, address.parse().unwrap())
    }

    #[test]
    fn cookies_without_https_stay_on_this_machine() {
        let (here, there) = ("127.0.0.1:8080", "192.0.2.1:8080");
        for (words, address, expected) in [
            (&[][..], here, Some(Kind::Insecure)),
            (&[], "[::1]:8080", Some(Kind::Insecure)),
            (&[], there, None),
            (&[], "0.0.0.0:8080", None),
            (&["--cookies=off"], here, None),
            (&["--cookies"], here, Some(Kind::Secure)),
            (&["--cookies=on"], there, Some(Kind::Secure)),
            (
                &["--cookies", "--insecure-cookies"],
                here,
                Some(Kind::Insecure),
            ),
            (&["--insecure-cookies"], here, Some(Kind::Insecure)),
        ] {
            assert_eq!(kind_of(words, address), Ok(expected), "{words:?} {address}");
        }
        for address in [there, "0.0.0.0:8080", "[::]:8080"] {
            let error = kind_of(&["--insecure-cookies"], address).unwrap_err();
            assert!(error.to_string().contains("loopback"), "{error}");
        }
    }

    #[test]
    fn a_browser_has_several_names_for_this_machine() {
        for (address, origins) in [
            (
                "127.0.0.1:8080",
                ["http://127.0.0.1:8080", "http://localhost:8080"],
            ),
            ("[::1]:80", ["http://[::1]", "http://localhost"]),
        ] {
            assert_eq!(own_origins(address.parse().unwrap()), origins);
        }
    }
}
