//! Tenants whose names come out of tokens.

use std::fmt;

/// The name of a tenant that may stand in a URL: a GUID, or a host name such as
/// `contoso.onmicrosoft.com`.
///
/// A token can name any tenant, and before it is verified anybody can write it. So
/// its text enters a URL only as one of these, and only after a list or function of
/// the application knew it.
///
/// ```
/// use portcullis_remote::TenantId;
///
/// let tenant = TenantId::parse("72f988bf-86f1-41af-91ab-2d7cd011db47").unwrap();
/// let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
/// assert!(tenant.is_guid());
///
/// assert_eq!(TenantId::parse("../evil.example"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantId(Box<str>);

/// RFC 1035 section 2.3.4.
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

impl TenantId {
    /// The tenant of this name, which is made of letters, digits and hyphens, in
    /// parts between dots that neither begin nor end with a hyphen (RFC 1123
    /// section 2.1). So it is one segment of a path, and never `.` or `..`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() <= MAX_NAME && text.split('.').all(is_label)).then(|| Self(text.into()))
    }

    /// Whether it is a GUID in its usual form: 32 hexadecimal digits in groups of
    /// 8, 4, 4, 4 and 12.
    pub fn is_guid(&self) -> bool {
        let groups = || self.0.split('-');
        groups().map(str::len).eq([8, 4, 4, 4, 12])
            && groups().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn guids_and_host_names_pass() {
        for (text, is_guid) in [
            ("72f988bf-86f1-41af-91ab-2d7cd011db47", true),
            ("72F988BF-86F1-41AF-91AB-2D7CD011DB47", true),
            ("72f988bf-86f1-41af-91ab-2d7cd011db4g", false),
            ("72f988bf86f141af91ab2d7cd011db47", false),
            ("common", false),
            ("contoso.onmicrosoft.com", false),
            ("a", false),
            ("9-9", false),
        ] {
            let tenant = TenantId::parse(text).unwrap();
            assert_eq!(tenant.is_guid(), is_guid, "{text}");
            assert_eq!(tenant.to_string(), text);
        }
    }

    #[test]
    fn everything_else_does_not() {
        let long_label = "a".repeat(64);
        let long_name = ["a"; 128].join(".");
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.",
            "-a",
            "a-",
            "a/b",
            "a%2fb",
            "a?b",
            "a#b",
            "a@b",
            "a:b",
            "a b",
            "a\n",
            "\u{e4}",
            "a_b",
            "{tenantid}",
            &long_label,
            &long_name,
        ] {
            assert_eq!(TenantId::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_tenant_is_one_segment(text in "[a-z0-9./%?#@:-]{0,12}") {
            if let Some(tenant) = TenantId::parse(&text) {
                let url = Url::parse(&format!("https://h.example/{tenant}/v2.0")).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments, [&*text, "v2.0"]);
            }
        }
    }
}
