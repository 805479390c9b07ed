//! Everything that is fetched from an issuer: its metadata and its keys.

mod schedule;
