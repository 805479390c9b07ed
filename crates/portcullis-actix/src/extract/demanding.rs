//! Extractors that demand more of a token than that it is good.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::AuthRejection;

pin_project! {
    /// The future of extractors that demand scopes or roles.
    #[must_use = "futures do nothing unless polled"]
    pub struct ScopedFuture<F, E, W> {
        #[pin]
        inner: F,
        wrap: fn(E) -> W,
    }
}

impl<F, E, W> ScopedFuture<F, E, W> {
    pub(super) fn new(inner: F, wrap: fn(E) -> W) -> Self {
        Self { inner, wrap }
    }
}

impl<F, E, W> Future for ScopedFuture<F, E, W>
where
    F: Future<Output = Result<E, AuthRejection>>,
{
    type Output = Result<W, AuthRejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(ready!(this.inner.poll(cx)).map(this.wrap))
    }
}

impl<F, E, W> fmt::Debug for ScopedFuture<F, E, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedFuture").finish_non_exhaustive()
    }
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
            $name<$demand, E = Token>: $bound,
            |authentication| authentication.$require::<$demand>().map(|_| ())
        }

        impl<$demand, E> ::std::ops::Deref for $name<$demand, E> {
            type Target = E;

            fn deref(&self) -> &E {
                &self.inner
            }
        }

        demanding! {
            @ $(#[$doc_if_present])*
            $if_present<$demand, E = OptionalToken>: $bound,
            |authentication| match authentication.optional() {
                Some(_) => authentication.$require::<$demand>().map(|_| ()),
                None => Ok(()),
            }
        }
    };
    (
        @ $(#[$doc:meta])*
        $name:ident<$demand:ident, E = $default:ident>: $bound:ident, $check:expr
    ) => {
        $(#[$doc])*
        pub struct $name<$demand, E = $default> {
            inner: E,
            demand: ::std::marker::PhantomData<fn() -> $demand>,
        }

        impl<$demand, E> $name<$demand, E> {
            /// What was extracted.
            pub fn into_inner(self) -> E {
                self.inner
            }
        }

        impl<$demand, E: ::std::fmt::Debug> ::std::fmt::Debug for $name<$demand, E> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.inner).finish()
            }
        }

        impl<$demand, E> ::actix_web::FromRequest for $name<$demand, E>
        where
            $demand: $bound,
            E: $crate::extract::source::Source,
        {
            type Error = $crate::AuthRejection;
            type Future = $crate::extract::ScopedFuture<E::Extraction, E, Self>;

            fn from_request(
                request: &::actix_web::HttpRequest,
                _: &mut ::actix_web::dev::Payload,
            ) -> Self::Future {
                $crate::extract::ScopedFuture::new(
                    E::extract_with(request, Some($check)),
                    |inner| Self {
                        inner,
                        demand: ::std::marker::PhantomData,
                    },
                )
            }
        }
    };
}

pub(super) use demanding;
