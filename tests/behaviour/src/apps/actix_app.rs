//! The site on actix-web: middleware and extractors of `portcullis-actix`.

use actix_web::{
    App, HttpResponse, HttpServer, Resource, Responder,
    body::MessageBody,
    dev::ServiceResponse,
    http::header::{ContentType, HeaderName, HeaderValue},
    middleware::{Next, from_fn},
    rt::System,
    web,
};
use portcullis::{challenge::Reason, verify::Verified};
use portcullis_actix::{
    Auth, Authenticated, AuthenticatedUser, Bearer, Claims, CurrentUser, OptionalAuthenticated,
    OptionalAuthenticatedUser, OptionalCurrentUser, OptionalToken, Refresh, Require, Scoped,
    ScopedIfPresent, WithRoles, WithRolesIfPresent,
};

use super::Server;
use crate::site::{
    self, Accounts, AnyClaims, Crew, Demand, Employee, Guard, Handler, ReadAndWrite, Route, Site,
};

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let site = site.clone();
    Server::start("actix", move |listener, stop| {
        System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let Site { routes, endpoints } = site.clone();
                App::new()
                    .wrap(from_fn(show_reason))
                    .configure(|config| routes.iter().for_each(|route| add(config, route)))
                    .configure(|config| {
                        if let Some(endpoints) = endpoints {
                            portcullis_actix::endpoints(endpoints)(config);
                        }
                    })
            });
            let server = server
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("actix listens")
                .run();
            let handle = server.handle();
            let serving = actix_web::rt::spawn(server);
            let _ = stop.await;
            handle.stop(false).await;
            let _ = serving.await;
        });
    })
}

fn add(config: &mut web::ServiceConfig, route: &Route) {
    let resource = resource(route);
    match &route.guard {
        Guard::Layer(authenticator) => {
            config.service(resource.wrap(Auth::new((**authenticator).clone())))
        }
        Guard::Extractor(authenticator) => {
            config.service(resource.app_data((**authenticator).clone()))
        }
        Guard::Inner(outer, demand) => {
            let resource = resource.wrap(match demand {
                Demand::Token(policy) => Require::new(policy.clone()),
                Demand::IfPresent(policy) => Require::if_present(policy.clone()),
            });
            match outer {
                Some(outer) => config.service(resource.wrap(Auth::new((**outer).clone()))),
                None => config.service(resource),
            }
        }
        Guard::Nothing => config.service(resource),
    };
}

fn resource(route: &Route) -> Resource {
    let resource = web::resource(route.path);
    if let Guard::Extractor(_) = route.guard {
        return match route.handler {
            Handler::Typed => resource.to(own_typed),
            Handler::Maybe => resource.to(own_maybe),
            Handler::Scoped => resource.to(own_scoped),
            Handler::WithRoles => resource.to(own_with_roles),
            Handler::User => resource.app_data(web::Data::new(Accounts)).to(own_user),
            Handler::MaybeUser => resource
                .app_data(web::Data::new(Accounts))
                .to(own_maybe_user),
            _ => resource.to(own_claims),
        };
    }
    match route.handler {
        Handler::Claims => resource.to(claims),
        Handler::Maybe => resource.to(maybe),
        Handler::Typed => resource.to(typed),
        Handler::Scoped => resource.to(scoped),
        Handler::ScopedIfPresent => resource.to(scoped_if_present),
        Handler::WithRoles => resource.to(with_roles),
        Handler::WithRolesIfPresent => resource.to(with_roles_if_present),
        Handler::Echo => resource.to(echo),
        Handler::Bearer => resource.to(bearer),
        Handler::Refresh => resource.to(refresh),
        Handler::User => resource.app_data(web::Data::new(Accounts)).to(user),
        Handler::MaybeUser => resource.app_data(web::Data::new(Accounts)).to(maybe_user),
    }
}

async fn claims(Claims(claims): Claims<AnyClaims>) -> impl Responder {
    json(site::claims_body(&claims))
}

async fn maybe(OptionalToken(token): OptionalToken) -> impl Responder {
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn typed(Claims(employee): Claims<Employee>) -> impl Responder {
    json(site::typed_body(&employee))
}

async fn scoped(token: Scoped<ReadAndWrite>) -> impl Responder {
    json(site::scoped_body(&token))
}

async fn scoped_if_present(token: ScopedIfPresent<ReadAndWrite>) -> impl Responder {
    let OptionalToken(token) = token.into_inner();
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn with_roles(token: WithRoles<Crew>) -> impl Responder {
    json(site::maybe_body(token.subject_name()))
}

async fn with_roles_if_present(token: WithRolesIfPresent<Crew>) -> impl Responder {
    let OptionalToken(token) = token.into_inner();
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn own_with_roles(token: WithRoles<Crew, Authenticated<Verified>>) -> impl Responder {
    let Authenticated(token) = token.into_inner();
    json(site::maybe_body(token.subject_name()))
}

async fn own_claims(Authenticated(claims): Authenticated<AnyClaims>) -> impl Responder {
    json(site::claims_body(&claims))
}

async fn own_maybe(
    OptionalAuthenticated(claims): OptionalAuthenticated<AnyClaims>,
) -> impl Responder {
    let subject = claims.as_ref().and_then(|claims| claims["sub"].as_str());
    json(site::maybe_body(subject))
}

async fn own_typed(Authenticated(employee): Authenticated<Employee>) -> impl Responder {
    json(site::typed_body(&employee))
}

async fn own_scoped(token: Scoped<ReadAndWrite, Authenticated<Verified>>) -> impl Responder {
    let Authenticated(token) = token.into_inner();
    json(site::scoped_body(&token))
}

async fn user(
    CurrentUser(user): CurrentUser<Accounts>,
    CurrentUser(again): CurrentUser<Accounts>,
) -> impl Responder {
    json(site::user_body(Some(&user), Some(&again)))
}

async fn maybe_user(
    OptionalCurrentUser(user): OptionalCurrentUser<Accounts>,
    OptionalCurrentUser(again): OptionalCurrentUser<Accounts>,
) -> impl Responder {
    json(site::user_body(user.as_ref(), again.as_ref()))
}

async fn own_user(
    AuthenticatedUser(user): AuthenticatedUser<Accounts>,
    AuthenticatedUser(again): AuthenticatedUser<Accounts>,
) -> impl Responder {
    json(site::user_body(Some(&user), Some(&again)))
}

async fn own_maybe_user(
    OptionalAuthenticatedUser(user): OptionalAuthenticatedUser<Accounts>,
    OptionalAuthenticatedUser(again): OptionalAuthenticatedUser<Accounts>,
) -> impl Responder {
    json(site::user_body(user.as_ref(), again.as_ref()))
}

async fn bearer(Bearer(token): Bearer) -> impl Responder {
    json(site::raw_body(token.expose()))
}

async fn refresh(Refresh(token): Refresh) -> impl Responder {
    json(site::raw_body(token.expose()))
}

async fn echo(payload: web::Payload) -> impl Responder {
    HttpResponse::Ok().streaming(payload)
}

fn json(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(body)
}

async fn show_reason(
    request: actix_web::dev::ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let reason = response
        .response()
        .extensions()
        .get::<Reason>()
        .map(site::reason_name);
    if let Some(name) = reason.and_then(|name| HeaderValue::from_str(&name).ok()) {
        let field = HeaderName::from_static("x-reason");
        response.headers_mut().insert(field, name);
    }
    Ok(response)
}
