//! What is measured of Portcullis itself.

pub mod actix;
pub mod axum;
pub mod decision;
pub mod issuing;
pub mod keys;
pub mod pair;
pub mod primitive;
pub mod sessions;
pub mod snapshot;
pub mod verification;
