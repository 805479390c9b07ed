//! Login, refresh, application tokens, logout, sessions and the key set, as
//! plain `Request<Bytes>` -> `Response<Bytes>`.

mod accounts;

pub use accounts::{Account, Accounts, AccountsError, ClientCheck, Login};
