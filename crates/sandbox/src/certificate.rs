//! The certificate of one run: an authority that exists for this start only, and a leaf for localhost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::Error;

/// The server's side of TLS, and where clients find the authority to trust.
pub(crate) struct Certificate {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_file: PathBuf,
}

/// Makes an authority and a leaf for `localhost` and 127.0.0.1; writes the authority into `folder`.
///
/// An authority of its own, because OpenSSL refuses to trust a bare leaf.
pub(crate) fn make(folder: &Path) -> Result<Certificate, Error> {
    let (config, ca_pem) = signed().map_err(|reason| Error::Certificate { reason })?;
    let ca_file = folder.join("sandbox-ca.pem");
    fs::write(&ca_file, ca_pem).map_err(|source| Error::Write { path: ca_file.clone(), source })?;
    Ok(Certificate { config: Arc::new(config), ca_file })
}

/// The configuration and the authority in PEM.
fn signed() -> Result<(ServerConfig, String), String> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "myquant sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority_key = KeyPair::generate().map_err(|e| e.to_string())?;
    let authority =
        CertifiedIssuer::self_signed(authority, authority_key).map_err(|e| e.to_string())?;

    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut leaf = CertificateParams::new(names).map_err(|e| e.to_string())?;
    leaf.distinguished_name.push(DnType::CommonName, "myquant sandbox");
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(|e| e.to_string())?;
    let leaf = leaf.signed_by(&key, &authority).map_err(|e| e.to_string())?;

    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key)
        })
        .map_err(|e| e.to_string())?;
    Ok((config, authority.pem()))
}
