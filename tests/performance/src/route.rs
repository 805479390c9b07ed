//! A route that is called without a network, or served over one.

use std::{convert::Infallible, future::Future, io, net::TcpListener};

use actix_web::{
    App, HttpServer,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
};
use http::{Request, Response};
use tower::Service;

use crate::{
    cases,
    measure::Case,
    web::{self, Sent},
};

/// A row of the tables of routes.
pub struct Route {
    pub name: &'static str,
    /// Whether it refuses those who have no token.
    pub protected: bool,
    case: Box<dyn FnOnce(Sent) -> Case>,
    serve: Box<dyn FnOnce(TcpListener) -> io::Result<()>>,
}

impl Route {
    /// A router of axum.
    pub fn axum(name: &'static str, router: axum::Router) -> Self {
        let service = router.clone();
        Self::tower::<_, axum::body::Body, _>(name, service, move |listener| {
            serve(listener, |listener| async {
                axum::serve(listener, router).await
            })
        })
    }

    /// A router of axum 0.7, which some peers are for.
    #[cfg(feature = "peers")]
    pub fn axum_07(name: &'static str, router: axum_07::Router) -> Self {
        let service = router.clone();
        Self::tower::<_, axum_07::body::Body, _>(name, service, move |listener| {
            serve(listener, |listener| async {
                axum_07::serve(listener, router).await
            })
        })
    }

    /// What `app` makes for each worker of actix-web.
    pub fn actix<T, B>(
        name: &'static str,
        app: impl Fn() -> App<T> + Clone + Send + 'static,
    ) -> Self
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let called = app.clone();
        Self {
            name,
            protected: true,
            case: Box::new(move |sent| cases::actix::case(name, called(), sent)),
            serve: Box::new(move |listener| {
                let server = HttpServer::new(app).listen(listener)?;
                actix_web::rt::System::new().block_on(server.run())
            }),
        }
    }

    fn tower<S, B, R>(
        name: &'static str,
        service: S,
        serve: impl FnOnce(TcpListener) -> io::Result<()> + 'static,
    ) -> Self
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + 'static,
        B: Default,
    {
        Self {
            name,
            protected: true,
            case: Box::new(move |sent| web::service_case(name, service, sent)),
            serve: Box::new(serve),
        }
    }

    /// The same, when it asks nobody for anything.
    pub fn open(self) -> Self {
        Self {
            protected: false,
            ..self
        }
    }

    /// Calls it with these credentials.
    pub fn case(self, sent: Sent) -> Case {
        (self.case)(sent)
    }

    /// Serves it until the process ends.
    pub fn serve(self, listener: TcpListener) -> io::Result<()> {
        (self.serve)(listener)
    }
}

/// With a worker for each processor, as under `#[tokio::main]`.
fn serve<F>(
    listener: TcpListener,
    server: impl FnOnce(tokio::net::TcpListener) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    listener.set_nonblocking(true)?;
    tokio::runtime::Runtime::new()?
        .block_on(async { server(tokio::net::TcpListener::from_std(listener)?).await })
}
