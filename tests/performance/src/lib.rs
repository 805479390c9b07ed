//! What Portcullis costs, beside the cryptography it cannot save and beside
//! its peers. `docs/performance.md` says how to read and reproduce the tables.

pub mod cases;
pub mod fixture;
pub mod hot_paths;
pub mod loopback;
pub mod measure;
pub mod page;
#[cfg(feature = "peers")]
pub mod peers;
pub mod route;
pub mod rows;
pub mod tables;
pub mod threads;
pub mod web;
