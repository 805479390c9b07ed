#[cfg(not(mistake))]
pub use portcullis::session::MemoryStore as Sessions;
use portcullis::session::{DynSessionStore, SessionStore};

#[cfg(mistake)]
pub struct Sessions;

pub fn store(sessions: Sessions) -> impl SessionStore {
    DynSessionStore::new(sessions)
}
