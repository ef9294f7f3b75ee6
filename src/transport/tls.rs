//! Whom a client trusts over TLS.

use std::error::Error;

use reqwest::{Client, ClientBuilder, Url};

use super::BoxError;

/// Certificates that are trusted besides the system's: texts in PEM.
#[derive(Clone, Default)]
pub(crate) struct Roots(Vec<Vec<u8>>);

impl Roots {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub(crate) fn push(&mut self, pem: Vec<u8>) {
        self.0.push(pem);
    }

    /// A client for `url` that trusts them.
    pub(crate) fn build(&self, builder: ClientBuilder, url: &Url) -> Result<Client, NoClient> {
        let client = self.trusted_by(builder, url).map_err(NoClient::Certificate)?.build();
        client.map_err(|error| match error.without_url() {
            // One of the libraries looks into them only now.
            error if !self.0.is_empty() && is_about_certificates(&error) => NoClient::Certificate(error.into()),
            error => NoClient::Other(error),
        })
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn trusted_by(&self, builder: ClientBuilder, url: &Url) -> Result<ClientBuilder, BoxError> {
        let mut trusted = Vec::new();
        for pem in &self.0 {
            let found = reqwest::Certificate::from_pem_bundle(pem)?;
            if found.is_empty() {
                return Err(crate::error::Reason("there is none in it".into()).into());
            }
            trusted.extend(found);
        }
        Ok(match url.scheme() {
            "https" => builder.tls_certs_merge(trusted),
            // Not even the system's: there may be none, and they take their time to be read.
            _ => builder.tls_certs_only([]),
        })
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn trusted_by(&self, builder: ClientBuilder, _: &Url) -> Result<ClientBuilder, BoxError> {
        Ok(builder)
    }
}

/// Why there is no client.
pub(crate) enum NoClient {
    Certificate(BoxError),
    Other(reqwest::Error),
}

/// What is wrong with a text in PEM.
pub(crate) const UNREADABLE: &str =
    "the root certificate cannot be read: it is a text in PEM, which begins with `-----BEGIN CERTIFICATE-----`";

/// Whether an error comes of a certificate. The libraries that check them have no type in common for that; the texts of all
/// of them have the word.
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
