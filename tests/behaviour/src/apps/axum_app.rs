//! The site on axum: layers and extractors of `portcullis-axum`.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::FromRef,
    http::{Response, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{MethodRouter, any},
};
use portcullis::verify::Verified;
use portcullis_axum::{
    AuthLayer, Authenticated, AuthenticatedUser, Authenticator, Bearer, Claims, CurrentUser,
    Refresh, RequireLayer, Scoped, ScopedIfPresent, Token, WithRoles, WithRolesIfPresent,
};
use tower::util::MapResponseLayer;

use super::{Server, by_hand, run};
use crate::site::{
    self, Accounts, AnyClaims, Crew, Demand, Employee, Guard, Handler, ReadAndWrite, Route, Site,
};

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let app = router(site);
    Server::start("axum", move |listener, stop| {
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let served = axum::serve(
                listener,
                app.into_make_service_with_connect_info::<SocketAddr>(),
            )
            .into_future();
            tokio::select! {
                result = served => result.expect("axum serves"),
                _ = stop => {}
            }
        });
    })
}

fn router(site: &Site) -> Router {
    let add = |router: Router, route: &Route| router.route(route.path, method_router(route));
    let router = site.routes.iter().fold(Router::new(), add);
    let router = match &site.endpoints {
        Some(endpoints) => router.merge(portcullis_axum::router(endpoints.clone())),
        None => router,
    };
    router.layer(MapResponseLayer::new(by_hand::show_reason::<Body>))
}

fn method_router(route: &Route) -> MethodRouter {
    if let Guard::Extractor(authenticator) = &route.guard {
        let handler = match route.handler {
            Handler::Typed => any(own_typed),
            Handler::Maybe => any(own_maybe),
            Handler::Scoped => any(own_scoped),
            Handler::WithRoles => any(own_with_roles),
            Handler::User => {
                return any(own_user).with_state(Own((**authenticator).clone()));
            }
            Handler::MaybeUser => {
                return any(own_maybe_user).with_state(Own((**authenticator).clone()));
            }
            _ => any(own_claims),
        };
        return handler.with_state((**authenticator).clone());
    }
    let handler = match route.handler {
        Handler::Claims => any(claims),
        Handler::Maybe => any(maybe),
        Handler::Typed => any(typed),
        Handler::Scoped => any(scoped),
        Handler::ScopedIfPresent => any(scoped_if_present),
        Handler::WithRoles => any(with_roles),
        Handler::WithRolesIfPresent => any(with_roles_if_present),
        Handler::Echo => any(echo),
        Handler::Bearer => any(bearer),
        Handler::Refresh => any(refresh),
        Handler::User => any(user).with_state(Accounts),
        Handler::MaybeUser => any(maybe_user).with_state(Accounts),
    };
    match &route.guard {
        Guard::Layer(authenticator) => handler.layer(AuthLayer::new((**authenticator).clone())),
        Guard::Inner(outer, demand) => {
            let handler = handler.layer(match demand {
                Demand::Token(policy) => RequireLayer::new(policy.clone()),
                Demand::IfPresent(policy) => RequireLayer::if_present(policy.clone()),
            });
            match outer {
                Some(outer) => handler.layer(AuthLayer::new((**outer).clone())),
                None => handler,
            }
        }
        Guard::Extractor(_) | Guard::Nothing => handler,
    }
}

async fn claims(Claims(claims): Claims<AnyClaims>) -> impl IntoResponse {
    json(site::claims_body(&claims))
}

async fn maybe(token: Option<Token>) -> impl IntoResponse {
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn typed(Claims(employee): Claims<Employee>) -> impl IntoResponse {
    json(site::typed_body(&employee))
}

async fn scoped(token: Scoped<ReadAndWrite>) -> impl IntoResponse {
    json(site::scoped_body(&token))
}

async fn scoped_if_present(token: ScopedIfPresent<ReadAndWrite>) -> impl IntoResponse {
    let token = token.into_inner();
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn with_roles(token: WithRoles<Crew>) -> impl IntoResponse {
    json(site::maybe_body(token.subject_name()))
}

async fn with_roles_if_present(token: WithRolesIfPresent<Crew>) -> impl IntoResponse {
    let token = token.into_inner();
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn own_with_roles(token: WithRoles<Crew, Authenticated<Verified>>) -> impl IntoResponse {
    let Authenticated(token) = token.into_inner();
    json(site::maybe_body(token.subject_name()))
}

async fn own_claims(Authenticated(claims): Authenticated<AnyClaims>) -> impl IntoResponse {
    json(site::claims_body(&claims))
}

async fn own_maybe(claims: Option<Authenticated<AnyClaims>>) -> impl IntoResponse {
    let subject = claims.as_ref().and_then(|claims| claims.0["sub"].as_str());
    json(site::maybe_body(subject))
}

async fn own_typed(Authenticated(employee): Authenticated<Employee>) -> impl IntoResponse {
    json(site::typed_body(&employee))
}

async fn own_scoped(token: Scoped<ReadAndWrite, Authenticated<Verified>>) -> impl IntoResponse {
    let Authenticated(token) = token.into_inner();
    json(site::scoped_body(&token))
}

async fn user(
    CurrentUser(user): CurrentUser<Accounts>,
    CurrentUser(again): CurrentUser<Accounts>,
) -> impl IntoResponse {
    json(site::user_body(Some(&user), Some(&again)))
}

async fn maybe_user(
    user: Option<CurrentUser<Accounts>>,
    again: Option<CurrentUser<Accounts>>,
) -> impl IntoResponse {
    let (user, again) = (user.map(|user| user.0), again.map(|user| user.0));
    json(site::user_body(user.as_ref(), again.as_ref()))
}

/// The state of a router with extractors that verify by themselves.
#[derive(Clone)]
struct Own(Authenticator);

impl FromRef<Own> for Authenticator {
    fn from_ref(state: &Own) -> Self {
        state.0.clone()
    }
}

impl FromRef<Own> for Accounts {
    fn from_ref(_: &Own) -> Self {
        Self
    }
}

async fn own_user(
    AuthenticatedUser(user): AuthenticatedUser<Accounts>,
    AuthenticatedUser(again): AuthenticatedUser<Accounts>,
) -> impl IntoResponse {
    json(site::user_body(Some(&user), Some(&again)))
}

async fn own_maybe_user(
    user: Option<AuthenticatedUser<Accounts>>,
    again: Option<AuthenticatedUser<Accounts>>,
) -> impl IntoResponse {
    let (user, again) = (user.map(|user| user.0), again.map(|user| user.0));
    json(site::user_body(user.as_ref(), again.as_ref()))
}

async fn bearer(Bearer(token): Bearer) -> impl IntoResponse {
    json(site::raw_body(token.expose()))
}

async fn refresh(Refresh(token): Refresh) -> impl IntoResponse {
    json(site::raw_body(token.expose()))
}

async fn echo(body: Body) -> Response<Body> {
    let octets = [(CONTENT_TYPE, "application/octet-stream")];
    (octets, body).into_response()
}

fn json(body: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], body)
}
