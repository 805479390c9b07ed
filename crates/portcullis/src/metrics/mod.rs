//! What is counted and timed, and under which names.
//!
//! With the feature `metrics` the family reports to whatever recorder the application
//! has installed for the facade of the crate [metrics](https://docs.rs/metrics).
//! Without the feature nothing of it is compiled, and the list below is just a list.
//!
//! Values of labels come from enums of the family, never from a token, a request or an
//! issuer. So there are as many series as the table in `docs/metrics.md` says, whatever
//! is sent.
#![cfg_attr(
    feature = "metrics",
    doc = "
```
// After the recorder was installed, and before the first request:
portcullis::metrics::describe();
```"
)]

#[cfg(feature = "metrics")]
mod describe;
mod instruments;
mod list;
mod metric;

#[cfg(feature = "metrics")]
pub use self::describe::describe;
/// For crates of the family.
#[doc(hidden)]
pub use self::list::family;
pub(crate) use self::{instruments::ARE_ON, list::*};
pub use self::{
    list::ALL,
    metric::{Metric, MetricKind},
};

#[cfg(test)]
mod tests;
