//! Work that goes on though its caller goes away.

use portcullis::session::StoreError;
use tracing::Instrument as _;

/// Does work of several transactions, all of them once it has begun: a caller that is dropped
/// in between, as with a request whose client has gone, stops nothing.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends.
            Err(error) => Err(StoreError::unavailable(error)),
        },
    }
}
