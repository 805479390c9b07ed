//! What a token says of the login behind it.

use std::time::Duration;

use serde::Deserialize;

use super::{Verified, oversight::Oversight};

impl Verified {
    /// Whether the user logged in no longer than `age` ago: there is an `auth_time`,
    /// and it is recent enough by the clock and with the leeway of the verifier. A
    /// refresh is no login, and leaves the claim as it was.
    ///
    /// ```
    /// # fn example(token: portcullis::verify::Verified) {
    /// use std::time::Duration;
    ///
    /// if !token.logged_in_within(Duration::from_secs(300)) {
    ///     println!("ask for the password once more");
    /// }
    /// # }
    /// ```
    pub fn logged_in_within(&self, age: Duration) -> bool {
        let login = Oversight::of(self).zip(self.auth_time());
        login.is_some_and(|(oversight, time)| oversight.is_within(age, time))
    }

    /// The `acr` claim: how strong the login was, by a name on which issuer and
    /// service agree (RFC 9470 section 6). It is looked for in the claims each time;
    /// one that is not a text is none.
    pub fn acr(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Claims {
            acr: Option<String>,
        }
        serde_json::from_str::<Claims>(self.claims_json()).ok()?.acr
    }
}

#[cfg(test)]
impl Verified {
    /// The token as if a verifier had accepted it whose clock stands at `now`.
    pub(crate) fn seen_at(mut self, now: crate::time::Timestamp, leeway: Duration) -> Self {
        use crate::time::{Clock, SharedClock, Timestamp};

        struct Standing(Timestamp);

        impl Clock for Standing {
            fn now(&self) -> Timestamp {
                self.0
            }
        }

        let oversight = Oversight {
            clock: SharedClock::new(Standing(now)),
            leeway,
            max_age: None,
            status: None,
        };
        if let super::verified::Held::Own(token) = &mut self.0 {
            token.oversight = Some(std::sync::Arc::new(oversight));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_login_is_as_old_as_the_verifiers_clock_says() {
        let token = |claims: &str, now: i64| {
            let leeway = Duration::from_secs(5);
            Verified::for_test(claims).seen_at(Timestamp::from_secs(now), leeway)
        };
        let login = r#"{"auth_time":1000}"#;
        for (claims, now, holds) in [
            (login, 1000, true),
            (login, 1060, true),
            (login, 1065, true),
            (login, 1066, false),
            (login, 995, true),
            // It lies ahead.
            (login, 994, false),
            (r#"{"auth_time":9e15}"#, 1000, false),
            (r#"{"auth_time":null}"#, 1000, false),
            (r#"{"iat":1000,"fresh":true}"#, 1000, false),
        ] {
            let age = Duration::from_secs(60);
            assert_eq!(
                token(claims, now).logged_in_within(age),
                holds,
                "{claims} at {now}"
            );
        }
        // Nobody knows what time it is.
        let unseen = Verified::for_test(login);
        assert!(!unseen.logged_in_within(Duration::MAX));
    }

    #[test]
    fn the_strength_of_a_login_is_a_text() {
        let acr = |claims: &str| Verified::for_test(claims).acr();
        assert_eq!(acr(r#"{"acr":"m\u0066a"}"#).as_deref(), Some("mfa"));
        for none in [
            "{}",
            r#"{"acr":null}"#,
            r#"{"acr":1}"#,
            r#"{"acr":["mfa"]}"#,
            r#"{"x":{"acr":"mfa"}}"#,
        ] {
            assert_eq!(acr(none), None, "{none}");
        }
    }
}
