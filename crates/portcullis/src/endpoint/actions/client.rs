//! Client authentication (RFC 6749 section 2.3).

use super::services::Services;
use crate::{
    endpoint::{
        accounts::{ClientAuthentication, ClientCheck},
        incoming::Incoming,
        input::Fields,
        name::Name,
        refusal::{FieldProblem, Refusal},
    },
    secret::SecretString,
};

pub(super) const CLIENT_ID: Name = Name::Borrowed("client_id");
pub(super) const CLIENT_SECRET: Name = Name::Borrowed("client_secret");

/// A client as it presents itself.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: String,
    secret: Option<SecretString>,
}

impl Client {
    /// The client that a request names by HTTP Basic or, if it is in the form,
    /// by `client_id`.
    pub(super) fn of(
        request: &Incoming,
        fields: Option<&mut Fields>,
    ) -> Result<Option<Self>, Refusal> {
        let basic = request.basic()?;
        let (id, secret) = match fields {
            Some(fields) => (fields.take(&CLIENT_ID), fields.take(&CLIENT_SECRET)),
            None => (None, None),
        };
        match (basic, id, secret) {
            (None, None, None) => Ok(None),
            (None, None, Some(_)) => Err(Refusal::Field(CLIENT_ID, FieldProblem::Missing)),
            (None, Some(id), secret) => Ok(Some(Self {
                id: id.expose().to_owned(),
                secret,
            })),
            // A client must not authenticate in two ways at once.
            (Some(_), _, Some(_)) => Err(Refusal::TwoClients),
            (Some(basic), Some(id), None) if basic.name != id.expose() => Err(Refusal::TwoClients),
            (Some(basic), _, None) => Ok(Some(Self {
                id: basic.name,
                secret: basic.secret,
            })),
        }
    }

    /// The client that a session belongs to, when the request names none: good
    /// enough if it is a public one.
    pub(super) fn unauthenticated(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
        }
    }

    /// Whether it is who it says.
    pub(super) async fn check(
        &self,
        services: &Services,
        request: &Incoming,
    ) -> Result<(), Refusal> {
        let client = ClientAuthentication {
            secret: self.secret.as_ref(),
            source: request.source(),
            ..ClientAuthentication::new(&self.id)
        };
        match services.accounts.client(client).await? {
            ClientCheck::Public | ClientCheck::Authenticated => Ok(()),
            ClientCheck::Refused => Err(Refusal::Client),
        }
    }
}
