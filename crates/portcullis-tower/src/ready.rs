//! Services that were polled ready.

use std::mem;

/// Takes the service that was polled ready; the clone that stays has to be polled
/// anew.
pub(crate) fn take<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    mem::replace(service, clone)
}
