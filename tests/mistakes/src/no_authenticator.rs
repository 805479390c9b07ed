#[cfg(not(mistake))]
use axum::extract::FromRef;
use portcullis::verify::Verified;
use portcullis_axum::{Authenticated, Authenticator};

#[derive(Clone)]
pub struct AppState {
    pub authenticator: Authenticator,
}

#[cfg(not(mistake))]
impl FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

#[axum::debug_handler(state = AppState)]
pub async fn me(Authenticated(token): Authenticated<Verified>) -> String {
    format!("hello, {:?}", token.subject_name())
}
