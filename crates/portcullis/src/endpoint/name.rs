//! Names on the wire.

use std::borrow::Cow;

/// A path, or the name of a field or member.
pub(super) type Name = Cow<'static, str>;
