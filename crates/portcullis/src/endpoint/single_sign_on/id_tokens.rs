//! What an ID token of Microsoft Entra ID must say to open a session.

use std::{fmt, sync::Arc};

use http::HeaderMap;
use serde_json::{Map, Value};

use super::EntraIdentity;
use crate::{
    ConfigError,
    jose::{Algorithm, Header},
    verify::{
        Verified, VerifyError,
        VerifyErrorKind::{
            Custom, MissingClaim, UnsupportedHeader, WrongAudience, WrongIssuer, WrongKind,
            WrongType,
        },
    },
};

/// Claims that Entra ID writes into access tokens and never into ID tokens.
const OF_ACCESS_TOKENS: [&str; 4] = ["scp", "azpacr", "appidacr", "idtyp"];

type NonceCheck = Arc<dyn Fn(&str, &HeaderMap) -> bool + Send + Sync>;

/// Which ID tokens of Microsoft Entra ID are taken: those of one tenant for one
/// application (client).
///
/// A token must be of exactly this issuer and tenant (`iss`, `tid`), name the
/// client as its only audience, be signed with RS256, and be an ID token: one with
/// `scp`, `azpacr`, `appidacr`, `idtyp`, or an `azp` other than the audience is
/// refused. All of it comes on top of what the
/// [`Verifier`](crate::verify::Verifier) checks.
#[derive(Clone)]
pub struct EntraIdTokens {
    tenant: Arc<str>,
    client_id: Arc<str>,
    issuer: Arc<str>,
    nonce: Option<NonceCheck>,
}

impl EntraIdTokens {
    /// ID tokens that `tenant` gives the users of the application `client_id`. The
    /// issuer is that of the version 2.0 endpoints,
    /// `https://login.microsoftonline.com/<tenant>/v2.0`.
    ///
    /// # Errors
    ///
    /// If the tenant is not the id of one (a GUID): `common`, `organizations` and
    /// `consumers` are many tenants, and a domain is never in a token. If the
    /// client id is empty.
    pub fn new(tenant: &str, client_id: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let id = uuid::Uuid::try_parse(tenant).map_err(|_| {
            ConfigError::new(
                "the tenant must be the id of one, such as 9188040d-6c67-4c5b-b112-36a304b66dad, \
                 as the `tid` of its tokens: the portal shows it as \"Directory (tenant) ID\"",
            )
        })?;
        let client_id = client_id.into();
        if client_id.is_empty() {
            return Err(ConfigError::new(
                "the client id of the application must not be empty",
            ));
        }
        let tenant = id.hyphenated().to_string();
        Ok(Self {
            issuer: format!("https://login.microsoftonline.com/{tenant}/v2.0").into(),
            tenant: tenant.into(),
            client_id,
            nonce: None,
        })
    }

    /// Another issuer, to the letter: of version 1.0
    /// (`https://sts.windows.net/<tenant>/`), of a national cloud, of Entra
    /// External ID (`https://<tenant>.ciamlogin.com/<tenant>/v2.0`), or of a test.
    #[must_use = "returns the changed rules"]
    pub fn with_issuer(mut self, issuer: impl Into<Arc<str>>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Demands a `nonce` of which `check` says that it is the one that was given
    /// to this browser (OpenID Connect Core section 3.1.3.7). It is shown the
    /// nonce and the fields of the request, with its cookies. It may be asked
    /// twice about one token: a lost answer is asked for again.
    ///
    /// ```
    /// # use portcullis::{ConfigError, endpoint::EntraIdTokens};
    /// # fn example(tokens: EntraIdTokens) -> EntraIdTokens {
    /// // The page that sent the browser to Entra ID has set a cookie.
    /// tokens.nonce_checked_by(|nonce, fields| {
    ///     let mut cookies = fields.get_all("cookie").iter();
    ///     let expected = format!("__Host-nonce={nonce}");
    ///     cookies.any(|value| {
    ///         let mut pairs = value.as_bytes().split(|byte| *byte == b';');
    ///         pairs.any(|pair| pair.trim_ascii() == expected.as_bytes())
    ///     })
    /// })
    /// # }
    /// ```
    #[must_use = "returns the changed rules"]
    pub fn nonce_checked_by(
        mut self,
        check: impl Fn(&str, &HeaderMap) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.nonce = Some(Arc::new(check));
        self
    }

    /// The issuer: the `iss` that its verifier must demand.
    pub fn issuer(&self) -> Arc<str> {
        self.issuer.clone()
    }

    /// The id of the application: the audience that its verifier must demand.
    pub fn client_id(&self) -> Arc<str> {
        self.client_id.clone()
    }

    /// The id of the tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Whom a verified token with this header names, if it may open a session.
    /// It came with these header fields.
    pub(super) fn check(
        &self,
        token: &Verified,
        header: &Header<'_>,
        fields: &HeaderMap,
    ) -> Result<EntraIdentity, VerifyError> {
        let refuse = |kind, detail| Err(VerifyError::with_detail(kind, detail));
        if header.alg != Algorithm::RS256.name() {
            return refuse(UnsupportedHeader, "`alg` is not RS256");
        }
        if header.typ.is_some() && !header.typ_is("JWT") {
            return refuse(WrongType, "not that of an ID token");
        }
        // The verifier has read them: an object of unique names.
        let Ok(claims) = serde_json::from_str::<Map<String, Value>>(token.claims_json()) else {
            return refuse(WrongKind, "the claims are no object");
        };
        let text = |name| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(&*self.issuer) {
            return refuse(WrongIssuer, "`iss` is not the issuer of the tenant");
        }
        if text("tid") != Some(&*self.tenant) {
            return refuse(WrongIssuer, "`tid` is not the tenant");
        }
        let audience = match claims.get("aud") {
            Some(Value::Array(names)) => match names.as_slice() {
                [Value::String(name)] => Some(name),
                _ => None,
            },
            Some(Value::String(name)) => Some(name),
            _ => None,
        };
        if audience.is_none_or(|name| **name != *self.client_id) {
            return refuse(WrongAudience, "the client is not the only audience");
        }
        if OF_ACCESS_TOKENS
            .iter()
            .any(|name| claims.contains_key(*name))
        {
            return refuse(WrongKind, "an access token in place of an ID token");
        }
        if claims.contains_key("azp") && text("azp") != Some(&*self.client_id) {
            return refuse(WrongKind, "`azp` is not the audience");
        }
        if token.expires_at().is_none() {
            return refuse(MissingClaim, "exp");
        }
        if let Some(check) = &self.nonce {
            let Some(nonce) = text("nonce") else {
                return refuse(MissingClaim, "nonce");
            };
            if !check(nonce, fields) {
                return refuse(Custom, "`nonce` is not the one that was given out");
            }
        }
        match text("oid") {
            Some(object) if !object.is_empty() => Ok(EntraIdentity::new(&*self.tenant, object)),
            _ => refuse(MissingClaim, "oid"),
        }
    }
}

impl fmt::Debug for EntraIdTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraIdTokens")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .field("demands_nonce", &self.nonce.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::VerifyErrorKind;

    const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const CLIENT: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";
    const ISSUER: &str =
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";

    fn rules() -> EntraIdTokens {
        EntraIdTokens::new(TENANT, CLIENT).unwrap()
    }

    /// As the documentation of the ID tokens has it.
    fn good() -> Map<String, Value> {
        let claims = json!({
            "ver": "2.0", "iss": ISSUER, "tid": TENANT, "aud": CLIENT,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "oid": "00000000-0000-0000-66f3-3332eca7ea81",
            "exp": 1_536_361_411, "iat": 1_536_274_711, "nbf": 1_536_274_711,
            "name": "Abe Lincoln", "preferred_username": "AbeLi@microsoft.com",
            "nonce": "123523", "aio": "Df2UVXL1ix!lMCWMSOJBcFatzcGfvFGhjKv8q5g0x732",
        });
        match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }

    fn check_header(
        rules: &EntraIdTokens,
        header: &str,
        claims: &Map<String, Value>,
    ) -> Result<EntraIdentity, VerifyErrorKind> {
        let token = Verified::for_test(&Value::Object(claims.clone()).to_string());
        let header = Header::parse(header.as_bytes()).unwrap();
        let mut fields = HeaderMap::new();
        fields.insert("x-nonce", http::HeaderValue::from_static("123523"));
        let checked = rules.check(&token, &header, &fields);
        checked.map_err(|error| error.kind())
    }

    fn check(
        rules: &EntraIdTokens,
        claims: &Map<String, Value>,
    ) -> Result<EntraIdentity, VerifyErrorKind> {
        check_header(rules, r#"{"alg":"RS256","typ":"JWT","kid":"1"}"#, claims)
    }

    #[test]
    fn a_good_token_names_tenant_and_object() {
        let identity = check(&rules(), &good()).unwrap();
        assert_eq!(identity.tenant(), TENANT);
        assert_eq!(identity.object(), "00000000-0000-0000-66f3-3332eca7ea81");
        let subject = identity.subject();
        assert_eq!(subject.realm(), format!("entra:{TENANT}"));
        assert_eq!(subject.name(), identity.object());
    }

    #[test]
    fn a_claim_more_or_another_one() {
        // The claim, its value, and why the token is refused; `None`: it is not.
        let cases = [
            ("iss", json!(format!("{ISSUER}/")), Some(WrongIssuer)),
            ("iss", json!(ISSUER.to_uppercase()), Some(WrongIssuer)),
            (
                "iss",
                json!(format!("https://sts.windows.net/{TENANT}/")),
                Some(WrongIssuer),
            ),
            (
                "tid",
                json!("11111111-6c67-4c5b-b112-36a304b66dad"),
                Some(WrongIssuer),
            ),
            ("tid", json!(TENANT.to_uppercase()), Some(WrongIssuer)),
            ("tid", json!([TENANT]), Some(WrongIssuer)),
            ("tid", json!(null), Some(WrongIssuer)),
            ("aud", json!([CLIENT]), None),
            ("aud", json!([CLIENT, "api"]), Some(WrongAudience)),
            ("aud", json!(["api", CLIENT]), Some(WrongAudience)),
            ("aud", json!([CLIENT, CLIENT]), Some(WrongAudience)),
            ("aud", json!([]), Some(WrongAudience)),
            ("aud", json!(format!("api://{CLIENT}")), Some(WrongAudience)),
            ("aud", json!(null), Some(WrongAudience)),
            ("scp", json!("User.Read"), Some(WrongKind)),
            ("scp", json!(""), Some(WrongKind)),
            ("scp", json!(null), Some(WrongKind)),
            ("azpacr", json!("0"), Some(WrongKind)),
            ("azpacr", json!("1"), Some(WrongKind)),
            ("appidacr", json!("1"), Some(WrongKind)),
            ("idtyp", json!("user"), Some(WrongKind)),
            ("idtyp", json!("app"), Some(WrongKind)),
            ("azp", json!(CLIENT), None),
            ("azp", json!("another"), Some(WrongKind)),
            ("azp", json!(null), Some(WrongKind)),
            ("azp", json!([CLIENT]), Some(WrongKind)),
            ("roles", json!(["Admin"]), None),
            ("at_hash", json!("x"), None),
            ("c_hash", json!("x"), None),
            ("nonce", json!("any"), None),
            ("exp", json!(null), Some(MissingClaim)),
            ("oid", json!(""), Some(MissingClaim)),
            ("oid", json!(7), Some(MissingClaim)),
            ("oid", json!(null), Some(MissingClaim)),
            ("email", json!("root@example.com"), None),
        ];
        for (name, value, expected) in cases {
            let mut claims = good();
            claims.insert(name.to_owned(), value.clone());
            let found = check(&rules(), &claims).err();
            assert_eq!(found, expected, "{name}: {value}");
        }
    }

    #[test]
    fn what_must_be_there() {
        for (name, expected) in [
            ("iss", Some(WrongIssuer)),
            ("tid", Some(WrongIssuer)),
            ("aud", Some(WrongAudience)),
            ("exp", Some(MissingClaim)),
            ("oid", Some(MissingClaim)),
            ("nonce", None),
            ("sub", None),
        ] {
            let mut claims = good();
            claims.remove(name);
            assert_eq!(check(&rules(), &claims).err(), expected, "{name}");
        }
    }

    #[test]
    fn signed_with_rs256_and_no_access_token_by_its_type() {
        for (header, expected) in [
            (r#"{"alg":"RS256"}"#, None),
            (r#"{"alg":"RS256","typ":"jwt"}"#, None),
            (r#"{"alg":"RS256","typ":"at+jwt"}"#, Some(WrongType)),
            (r#"{"alg":"RS256","typ":"logout+jwt"}"#, Some(WrongType)),
            (r#"{"alg":"PS256","typ":"JWT"}"#, Some(UnsupportedHeader)),
            (r#"{"alg":"RS512","typ":"JWT"}"#, Some(UnsupportedHeader)),
            (r#"{"alg":"ES256","typ":"JWT"}"#, Some(UnsupportedHeader)),
            (r#"{"alg":"HS256","typ":"JWT"}"#, Some(UnsupportedHeader)),
            (r#"{"alg":"none"}"#, Some(UnsupportedHeader)),
        ] {
            let found = check_header(&rules(), header, &good()).err();
            assert_eq!(found, expected, "{header}");
        }
    }

    #[test]
    fn a_nonce_where_one_is_demanded() {
        let rules = rules().nonce_checked_by(|nonce, fields| {
            fields.get("x-nonce").is_some_and(|given| given == nonce)
        });
        assert!(check(&rules, &good()).is_ok());
        for (value, expected) in [
            (json!("another"), Custom),
            (json!(""), Custom),
            (json!(123_523), MissingClaim),
            (json!(null), MissingClaim),
        ] {
            let mut claims = good();
            claims.insert("nonce".to_owned(), value.clone());
            assert_eq!(check(&rules, &claims), Err(expected), "{value}");
        }
        let mut claims = good();
        claims.remove("nonce");
        assert_eq!(check(&rules, &claims), Err(MissingClaim));
    }

    #[test]
    fn another_issuer_is_taken_to_the_letter() {
        let other = "https://contoso.ciamlogin.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
        let rules = rules().with_issuer(other);
        assert_eq!(check(&rules, &good()), Err(WrongIssuer));
        let mut claims = good();
        claims.insert("iss".to_owned(), other.into());
        assert!(check(&rules, &claims).is_ok());
    }

    #[test]
    fn a_tenant_is_one_and_named_by_its_id() {
        for tenant in ["", "common", "organizations", "consumers", "contoso.com"] {
            assert!(EntraIdTokens::new(tenant, CLIENT).is_err(), "{tenant}");
        }
        assert!(EntraIdTokens::new(TENANT, "").is_err());
        // However it is written; tokens have it in lower case.
        let upper = EntraIdTokens::new(&TENANT.to_uppercase(), CLIENT).unwrap();
        assert_eq!(upper.tenant(), TENANT);
        assert_eq!(&*upper.issuer(), ISSUER);
        assert_eq!(&*upper.client_id(), CLIENT);
    }
}
