//! TLS, and the certificates that it trusts.

use crate::error::address::AddressError;

/// Root certificates that are trusted besides the system's: texts in PEM.
#[derive(Clone, Default)]
pub(crate) struct Roots(#[cfg(feature = "tls")] Vec<Vec<u8>>);

/// The settings of TLS for one server.
#[derive(Clone)]
pub(crate) struct Tls(#[cfg(feature = "tls")] std::sync::Arc<rustls::ClientConfig>);

#[cfg(not(feature = "tls"))]
impl Roots {
    pub(crate) fn settings(&self, _: bool) -> Result<Tls, AddressError> {
        Ok(Tls())
    }
}

#[cfg(all(feature = "http", not(feature = "tls")))]
impl Tls {
    pub(crate) fn configure(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }
}

/// Returns `true` if an error concerns the server's certificate.
#[cfg(all(feature = "http", not(feature = "tls")))]
pub(crate) fn is_about_certificate(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

/// Returns `true` if an error concerns a server that does not answer TLS.
#[cfg(not(feature = "tls"))]
pub(crate) fn is_not_tls(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

#[cfg(feature = "tls")]
pub(crate) use self::with_rustls::{is_about_certificate, is_not_tls};

#[cfg(feature = "tls")]
mod with_rustls {
    use std::error::Error;
    use std::io;
    use std::sync::Arc;

    use rustls::client::danger::ServerCertVerifier;
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};

    use super::{AddressError, Roots, Tls};
    use crate::error::reason::Reason;
    use crate::transport::failure::BoxError;

    impl Roots {
        pub(crate) fn push(&mut self, pem: Vec<u8>) {
            self.0.push(pem);
        }

        /// Returns the settings for a server that is reached over TLS, or without it. Without it the system's certificates are
        /// not read: that takes time, and there may be none.
        pub(crate) fn settings(&self, secure: bool) -> Result<Tls, AddressError> {
            let trusted = self.read().map_err(AddressError::Certificate)?;
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|error| AddressError::Setup(error.into()))?;
            let mut config = match secure {
                true => {
                    let verifier = verifier(trusted, provider).map_err(AddressError::Setup)?;
                    config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
                }
                false => config.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
            };
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Tls(Arc::new(config)))
        }

        fn read(&self) -> Result<Vec<CertificateDer<'static>>, BoxError> {
            let mut all = Vec::new();
            // Reports a certificate that TLS cannot use, too.
            let mut usable = RootCertStore::empty();
            for pem in &self.0 {
                let before = all.len();
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate?;
                    usable.add(certificate.clone())?;
                    all.push(certificate);
                }
                if all.len() == before {
                    return Err(Reason("the text contains no certificate".into()).into());
                }
            }
            Ok(all)
        }
    }

    #[cfg(not(target_os = "android"))]
    fn verifier(
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, BoxError> {
        Ok(Arc::new(rustls_platform_verifier::Verifier::new_with_extra_roots(trusted, provider)?))
    }

    /// Android's own verifier runs inside a Java program only, and bots run in a terminal.
    #[cfg(target_os = "android")]
    fn verifier(
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted);
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Ok(rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
    }

    #[cfg(feature = "http")]
    impl Tls {
        pub(crate) fn configure(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
            builder.tls_backend_preconfigured((*self.0).clone())
        }
    }

    #[cfg(feature = "ws")]
    impl Tls {
        /// Starts TLS on a connection to `host`.
        pub(crate) async fn connect<S>(&self, host: &str, stream: S) -> io::Result<tokio_rustls::client::TlsStream<S>>
        where
            S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
        {
            let host = host.trim_matches(['[', ']']).to_owned();
            let name = rustls::pki_types::ServerName::try_from(host).map_err(io::Error::other)?;
            tokio_rustls::TlsConnector::from(self.0.clone()).connect(name, stream).await
        }
    }

    /// Returns `true` if an error concerns the server's certificate.
    pub(crate) fn is_about_certificate(error: &(dyn Error + 'static)) -> bool {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            // The source of such an error is the source of the error inside.
            return io.get_ref().is_some_and(|inner| is_about_certificate(inner));
        }
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => true,
            _ => error.source().is_some_and(is_about_certificate),
        }
    }

    /// Returns `true` if an error concerns a server that does not answer TLS.
    pub(crate) fn is_not_tls(error: &(dyn Error + 'static)) -> bool {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return io.get_ref().is_some_and(|inner| is_not_tls(inner));
        }
        match error.downcast_ref() {
            Some(rustls::Error::InvalidMessage(_)) => true,
            _ => error.source().is_some_and(is_not_tls),
        }
    }
}
