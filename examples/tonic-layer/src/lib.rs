//! Weather stations by gRPC, on tonic, for holders of a token: one call, a stream of
//! answers, a stream of requests.

use std::{pin::Pin, time::Duration};

use api::{
    FindRequest, Reading, Recorded, Station, WatchRequest,
    stations_server::{Stations, StationsServer},
};
use futures_util::stream::{self, Stream};
use portcullis::{
    challenge::Rejection,
    claims::ScopeError,
    guard::Authentication,
    policy::Policy,
    verify::{Ended, Verifier},
};
use portcullis_tower::{AnyBody, AuthLayer};
use tonic::{Request, Response, Status, Streaming, service::Routes};

/// What is made of `proto/stations.proto`.
#[allow(missing_docs, clippy::pedantic, clippy::all)]
pub mod api {
    tonic::include_proto!("stations.v1");
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/grpc.md")]
mod guide {}

/// The layer for `Server::builder().layer(…)`: everybody needs a token of `verifier`.
pub fn layer(verifier: Verifier) -> AuthLayer<AnyBody> {
    AuthLayer::new(verifier).grpc()
}

/// The services behind the layer.
///
/// # Errors
///
/// If they cannot be configured so.
pub fn routes() -> Result<Routes, ScopeError> {
    let service = Weather {
        write: Policy::scope("stations:write")?,
    };
    Ok(Routes::new(StationsServer::new(service)))
}

struct Weather {
    write: Policy,
}

#[tonic::async_trait]
impl Stations for Weather {
    async fn find(&self, request: Request<FindRequest>) -> Result<Response<Station>, Status> {
        let token = Authentication::of(request.extensions()).and_then(Authentication::verified);
        let found_by = token.map_err(status)?.subject_name().unwrap_or_default();
        let found_by = found_by.to_owned();
        let FindRequest { name } = request.into_inner();
        Ok(Response::new(Station { name, found_by }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<Reading, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let token = Authentication::of(request.extensions()).and_then(Authentication::verified);
        let ended = token.map_err(status)?.ended_with(tokio::time::sleep);
        let ticks = tokio::time::interval(Duration::from_secs(1));
        // A stream outlives the request that was looked at.
        let readings = stream::unfold(Some((ticks, ended, 20)), async |open| {
            let (mut ticks, mut ended, celsius) = open?;
            Some(tokio::select! {
                biased;
                why = &mut ended => (Err(end(why)), None),
                _ = ticks.tick() => {
                    (Ok(Reading { celsius }), Some((ticks, ended, celsius + 1)))
                }
            })
        });
        Ok(Response::new(Box::pin(readings)))
    }

    async fn record(
        &self,
        request: Request<Streaming<Reading>>,
    ) -> Result<Response<Recorded>, Status> {
        let authentication = Authentication::of(request.extensions()).map_err(status)?;
        authentication.require(&self.write).map_err(status)?;
        let mut readings = request.into_inner();
        let mut count = 0;
        while readings.message().await?.is_some() {
            count += 1;
        }
        Ok(Response::new(Recorded { count }))
    }
}

/// A refusal of a handler, with the challenge among its metadata.
fn status(rejection: Rejection) -> Status {
    let status = Status::from_header_map(&rejection.grpc_headers());
    status.unwrap_or_else(|| Status::internal("the refusal has no status"))
}

/// Why a stream ends.
fn end(why: Ended) -> Status {
    match why {
        Ended::Unavailable => Status::unavailable(why.as_str()),
        _ => Status::unauthenticated(why.as_str()),
    }
}
