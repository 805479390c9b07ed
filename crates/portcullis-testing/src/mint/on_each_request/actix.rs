//! On actix-web.

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use actix_web::{
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::{AUTHORIZATION, HeaderValue},
};

use super::{OnEachRequest, WithToken};

impl<S, B> Transform<S, ServiceRequest> for OnEachRequest
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Transform = WithToken<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(self.around(service)))
    }
}

impl<S, B> Service<ServiceRequest> for WithToken<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        if !request.headers().contains_key(AUTHORIZATION) {
            let field = HeaderValue::try_from(self.token.renewed().bearer());
            let field = field.expect("base64url and dots");
            request.headers_mut().insert(AUTHORIZATION, field);
        }
        self.inner.call(request)
    }
}
