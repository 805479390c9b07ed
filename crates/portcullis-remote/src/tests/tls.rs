//! Whose certificates are trusted.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

use super::server::{Reply, Server};
use crate::{Client, FetchError, FetchErrorKind, HttpClient};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(authority: &CertifiedIssuer<'_, KeyPair>, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn ask(server: &Server, roots: &str) -> Result<Bytes, FetchError> {
    let client = Client::builder().no_proxy().roots(roots).build().unwrap();
    let request = Request::get(server.url("/")).body(Bytes::new()).unwrap();
    let answer = client.send(request, 1024).await?;
    Ok(answer.into_body())
}

#[tokio::test]
async fn given_roots_are_trusted_and_no_others() {
    let (ours, another) = (authority(), authority());
    let server = Server::start_tls(acceptor(&ours, "localhost")).await;
    server.answer("/", Reply::body("trusted"));
    assert_eq!(ask(&server, &ours.pem()).await.unwrap(), "trusted");
    let both = format!("{}{}", another.pem(), ours.pem());
    assert_eq!(ask(&server, &both).await.unwrap(), "trusted");
    let error = ask(&server, &another.pem()).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreachable);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_certificate_is_for_its_name() {
    let ours = authority();
    let server = Server::start_tls(acceptor(&ours, "login.example.com")).await;
    server.answer("/", Reply::body("never"));
    let error = ask(&server, &ours.pem()).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreachable);
    assert!(server.take_seen().is_empty());
}
