//! Trusted certificates.

use std::error::Error;

use reqwest::{Client, ClientBuilder, Url};

use crate::error::address::AddressError;
use crate::transport::failure::BoxError;

/// Root certificates that are trusted besides the system's: texts in PEM.
#[derive(Clone, Default)]
pub(crate) struct Roots(Vec<Vec<u8>>);

impl Roots {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub(crate) fn push(&mut self, pem: Vec<u8>) {
        self.0.push(pem);
    }

    /// Returns a client for `url` that trusts the certificates.
    pub(crate) fn build(&self, builder: ClientBuilder, url: &Url) -> Result<Client, AddressError> {
        let client = self.trusted_by(builder, url).map_err(AddressError::Certificate)?.build();
        client.map_err(|error| match error.without_url() {
            // One of the libraries reads them only now.
            error if !self.0.is_empty() && is_about_certificates(&error) => AddressError::Certificate(error.into()),
            error => AddressError::Setup(error.into()),
        })
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn trusted_by(&self, builder: ClientBuilder, url: &Url) -> Result<ClientBuilder, BoxError> {
        let mut trusted = Vec::new();
        for pem in &self.0 {
            let found = reqwest::Certificate::from_pem_bundle(pem)?;
            if found.is_empty() {
                return Err(crate::error::reason::Reason("the text contains no certificate".into()).into());
            }
            trusted.extend(found);
        }
        Ok(match url.scheme() {
            "https" => builder.tls_certs_merge(trusted),
            // Without TLS the system's certificates are not read either: that takes time, and there may be none.
            _ => builder.tls_certs_only([]),
        })
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn trusted_by(&self, builder: ClientBuilder, _: &Url) -> Result<ClientBuilder, BoxError> {
        Ok(builder)
    }
}

/// Returns `true` if an error concerns a certificate. The TLS libraries have no common type for such errors, but all their
/// messages contain the word.
pub(crate) fn is_about_certificates(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        if found.to_string().to_lowercase().contains("certificate") {
            return true;
        }
        cause = found.source();
    }
    false
}
