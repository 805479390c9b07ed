//! A certificate that only the test's own browser takes.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64_simd::STANDARD;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::{ServerConfig, crypto, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A key, its certificate, and how the browser is told of it.
pub(super) struct Identity {
    config: Arc<ServerConfig>,
    /// The SHA-256 digest of the public key, in base64.
    pub(super) spki: String,
}

impl Identity {
    /// For these hosts.
    pub(super) fn new(hosts: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let certificate = CertificateParams::new(hosts).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let spki = digest(&SHA256, &key.subject_public_key_info());
        let config =
            ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
                )
                .unwrap();
        Self {
            config: Arc::new(config),
            spki: STANDARD.encode_to_string(spki),
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}
