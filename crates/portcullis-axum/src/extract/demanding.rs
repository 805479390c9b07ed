//! Extractors that demand more of a token than that it is good.

use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication, verify::Verified};

use super::source::{Credentials, Source};
use crate::AuthRejection;

/// What is demanded of a token besides.
pub(super) type Demand = fn(&Authentication) -> Result<&Verified, Rejection>;

/// Extracts `E`, where the token will do.
pub(super) async fn required<State, E: Source<State>>(
    parts: &mut Parts,
    state: &State,
    demand: Demand,
) -> Result<E, AuthRejection> {
    let authentication = E::authenticate(parts, state, Credentials::Required).await?;
    Ok(extract(&authentication, demand)?)
}

/// Extracts `E`, if there is a token, where it will do.
pub(super) async fn if_present<State, E: Source<State>>(
    parts: &mut Parts,
    state: &State,
    demand: Demand,
) -> Result<Option<E>, AuthRejection> {
    let authentication = E::authenticate(parts, state, Credentials::Optional).await?;
    let token = authentication.optional();
    let extracted = token.map(|_| extract(&authentication, demand));
    Ok(extracted.transpose()?)
}

fn extract<State, E: Source<State>>(
    authentication: &Authentication,
    demand: Demand,
) -> Result<E, Rejection> {
    let extracted = E::extract(authentication)?;
    demand(authentication)?;
    Ok(extracted)
}

/// An extractor that is another one with a demand, named by a type, and the same where
/// there may be no token.
macro_rules! demanding {
    (
        $(#[$doc:meta])*
        $name:ident<$demand:ident, E = Token>: $bound:ident, $require:ident;

        $(#[$doc_if_present:meta])*
        $if_present:ident
    ) => {
        demanding! {
            @ $(#[$doc])*
            $name<$demand, E = Token>(E): $bound, required, $require
        }

        impl<$demand, E> ::std::ops::Deref for $name<$demand, E> {
            type Target = E;

            fn deref(&self) -> &E {
                &self.inner
            }
        }

        demanding! {
            @ $(#[$doc_if_present])*
            $if_present<$demand, E = Token>(Option<E>): $bound, if_present, $require
        }
    };
    (
        @ $(#[$doc:meta])*
        $name:ident<$demand:ident, E = Token>($inner:ty): $bound:ident,
        $extract:ident, $require:ident
    ) => {
        $(#[$doc])*
        pub struct $name<$demand, E = Token> {
            inner: $inner,
            demand: ::std::marker::PhantomData<fn() -> $demand>,
        }

        impl<$demand, E> $name<$demand, E> {
            /// What was extracted.
            pub fn into_inner(self) -> $inner {
                self.inner
            }
        }

        impl<$demand, E: ::std::fmt::Debug> ::std::fmt::Debug for $name<$demand, E> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.inner).finish()
            }
        }

        impl<State, $demand, E> ::axum_core::extract::FromRequestParts<State>
            for $name<$demand, E>
        where
            State: Sync,
            $demand: $bound,
            E: $crate::extract::source::Source<State> + Send,
        {
            type Rejection = $crate::AuthRejection;

            async fn from_request_parts(
                parts: &mut ::http::request::Parts,
                state: &State,
            ) -> Result<Self, Self::Rejection> {
                let inner = $crate::extract::demanding::$extract::<State, E>(
                    parts,
                    state,
                    ::portcullis::guard::Authentication::$require::<$demand>,
                );
                Ok(Self {
                    inner: inner.await?,
                    demand: ::std::marker::PhantomData,
                })
            }
        }
    };
}

pub(super) use demanding;
