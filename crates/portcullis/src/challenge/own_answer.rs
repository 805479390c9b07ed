//! What an answer has of its own.

use std::fmt;

use bytes::Bytes;

use super::{GrpcType, RejectionBody};

/// Where an answer is not that of its kind.
#[derive(Clone, Default)]
pub(super) struct OwnAnswer {
    pub(super) status: Option<u16>,
    pub(super) body: Option<RejectionBody>,
    pub(super) location: Option<Bytes>,
    /// The media type of the call.
    pub(super) grpc: Option<GrpcType>,
}

impl fmt::Debug for OwnAnswer {
    /// Without the location, in which there is the query of a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnAnswer")
            .field("status", &self.status)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
