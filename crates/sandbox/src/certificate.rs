//! The certificate of one run: an authority that exists for this start only, and a leaf for localhost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate as Signed, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
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

type Authority = CertifiedIssuer<'static, KeyPair>;

/// What signs the leaf. A strict verifier, as Python's is from 3.13 on, wants its uses named.
fn authority() -> Result<Authority, rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "myquant sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(authority, KeyPair::generate()?)
}

/// What the server shows, and its key.
fn leaf(authority: &Authority) -> Result<(Signed, KeyPair), rcgen::Error> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "myquant sandbox");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    Ok((leaf.signed_by(&key, authority)?, key))
}

/// The configuration and the authority in PEM.
fn signed() -> Result<(ServerConfig, String), String> {
    let authority = authority().map_err(|e| e.to_string())?;
    let (leaf, key) = leaf(&authority).map_err(|e| e.to_string())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Extensions in DER: the object's number, whether it is critical, and the value.
    const SIGNS_CERTIFICATES_AND_LISTS: &[u8] =
        b"\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x01\x06";
    const SIGNS_HANDSHAKES: &[u8] = b"\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80";
    const IS_A_SERVER: &[u8] =
        b"\x06\x03\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    const IS_NO_AUTHORITY: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00";
    const SIGNS_LEAVES_ALONE: &[u8] =
        b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x08\x30\x06\x01\x01\xff\x02\x01\x00";
    const NAMES_ITS_KEY: &[u8] = b"\x06\x03\x55\x1d\x0e";
    const NAMES_ITS_SIGNERS_KEY: &[u8] = b"\x06\x03\x55\x1d\x23";

    fn has(certificate: &[u8], extension: &[u8]) -> bool {
        certificate.windows(extension.len()).any(|part| part == extension)
    }

    #[test]
    fn both_certificates_have_what_a_strict_verifier_wants() {
        let authority = authority().unwrap();
        for extension in [SIGNS_CERTIFICATES_AND_LISTS, SIGNS_LEAVES_ALONE, NAMES_ITS_KEY] {
            assert!(has(authority.der(), extension), "{extension:x?}");
        }
        let (leaf, _) = leaf(&authority).unwrap();
        for extension in
            [SIGNS_HANDSHAKES, IS_A_SERVER, IS_NO_AUTHORITY, NAMES_ITS_KEY, NAMES_ITS_SIGNERS_KEY]
        {
            assert!(has(leaf.der(), extension), "{extension:x?}");
        }
    }
}
