//! `https://` and `wss://` over real TLS, with certificates of an authority that the tests make up.

use std::error::Error as _;
use std::sync::Arc;

use cqhttp::mock::MockServer;
#[cfg(feature = "http")]
use cqhttp::{BuildError, Client, Error};
use cqhttp::{ConnectionError, connect};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use support::peer::{next_said, said, soon};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// An authority that nobody knows.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL knows authorities by their names.
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Puts TLS in front of the simulated server, with a certificate for `host`; gives the port.
    async fn in_front_of(&self, server: &MockServer, host: &str) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap().der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, behind) = (listener.local_addr().unwrap().port(), server.port());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust the certificate hangs up.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut behind = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        port
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_can_be_trusted() {
    let server = MockServer::start_with_token("sesame").await.unwrap();
    let authority = Authority::new("one");
    let port = authority.in_front_of(&server, "127.0.0.1").await;
    // Several in one text are several.
    let both = Authority::new("another").pem + &authority.pem;
    for pem in [&authority.pem, &both] {
        #[cfg(feature = "http")]
        {
            let url = format!("https://127.0.0.1:{port}");
            let client = Client::builder(url).access_token("sesame").root_certificate(&**pem).build().unwrap();
            assert_eq!(soon(client.get_login_info()).await.unwrap().user_id.get(), 10010);
        }

        let url = format!("wss://127.0.0.1:{port}");
        let (client, mut events) = soon(connect(url).access_token("sesame").root_certificate(&**pem)).await.unwrap();
        assert_eq!(soon(client.get_login_info()).await.unwrap().user_id.get(), 10010);
        server.push_text(said("over TLS"));
        assert_eq!(next_said(&mut events).await, "over TLS");
    }
}

#[tokio::test]
async fn a_connection_over_tls_comes_back_too() {
    let server = MockServer::start().await.unwrap();
    let authority = Authority::new("one");
    let port = authority.in_front_of(&server, "localhost").await;
    let connecting = connect(format!("wss://localhost:{port}/")).root_certificate(&*authority.pem);
    let (_client, mut events) =
        soon(connecting.backoff(std::time::Duration::from_millis(20), std::time::Duration::from_millis(20)))
            .await
            .unwrap();
    server.drop_connections();
    let mut states = events.connection().watch();
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    soon(server.connected(1)).await;
    server.push_text(said("again"));
    assert_eq!(next_said(&mut events).await, "again");
}

/// Calls over HTTP, without the authority and with `pem`; the error must say that the certificate is not trusted.
#[cfg(feature = "http")]
async fn expect_no_trust_over_http(port: u16, pem: Option<&str>) {
    let mut builder = Client::builder(format!("https://127.0.0.1:{port}"));
    if let Some(pem) = pem {
        builder = builder.root_certificate(pem);
    }
    let error = soon(builder.build().unwrap().get_login_info()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    let says = error.source().unwrap().to_string();
    assert!(
        says.contains("certificate is not trusted") && says.contains("`ClientBuilder::root_certificate`"),
        "{says}"
    );
}

/// Connects as well, with the same outcome.
async fn expect_no_trust(port: u16, pem: Option<&str>) {
    #[cfg(feature = "http")]
    expect_no_trust_over_http(port, pem).await;
    let mut connecting = connect(format!("wss://127.0.0.1:{port}"));
    if let Some(pem) = pem {
        connecting = connecting.root_certificate(pem);
    }
    let error = soon(connecting).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Untrusted(_)), "{error:?}");
    let says = error.to_string();
    assert!(says.contains("certificate is not trusted") && says.contains("`Connect::root_certificate`"), "{says}");
    assert!(error.report().len() > says.len() && !error.report().contains(&port.to_string()), "{}", error.report());
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_says_so_and_nothing_is_sent() {
    let server = MockServer::start().await.unwrap();
    let authority = Authority::new("one");
    let port = authority.in_front_of(&server, "127.0.0.1").await;
    expect_no_trust(port, None).await;
    expect_no_trust(port, Some(&Authority::new("another").pem)).await;
    // A certificate for another host is refused, too.
    let port = authority.in_front_of(&server, "example.com").await;
    expect_no_trust(port, Some(&authority.pem)).await;
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_at_once() {
    for pem in ["", "ca.pem", "-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n"] {
        #[cfg(feature = "http")]
        {
            let error = Client::builder("https://127.0.0.1").root_certificate(pem).build().unwrap_err();
            assert!(matches!(error, BuildError::Certificate(_)) && error.source().is_some(), "{error:?}");
            assert!(error.to_string().contains("PEM"), "{error}");
        }
        let error = connect("wss://127.0.0.1").root_certificate(pem).await.unwrap_err();
        assert!(matches!(error, ConnectionError::Certificate(_)) && error.source().is_some(), "{error:?}");
        assert!(error.to_string().contains("PEM"), "{error}");
    }
}

/// A container often has no certificates at all.
#[tokio::test]
async fn without_tls_the_certificates_of_the_system_are_not_needed() {
    const CHILD: &str = "CQHTTP_TEST_NO_CERTIFICATES";
    if std::env::var_os(CHILD).is_none() {
        let this = "tls::without_tls_the_certificates_of_the_system_are_not_needed";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", this, "--nocapture"])
            .envs([(CHILD, "1"), ("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&child.stderr)
        );
        return;
    }
    let server = MockServer::start().await.unwrap();
    #[cfg(feature = "http")]
    soon(Client::builder(server.url()).build().unwrap().get_login_info()).await.unwrap();
    let (client, _events) = soon(connect(server.ws_url())).await.unwrap();
    soon(client.get_login_info()).await.unwrap();
    // And with an authority of one's own they are not needed with TLS.
    let authority = Authority::new("one");
    let port = authority.in_front_of(&server, "127.0.0.1").await;
    let connecting = connect(format!("wss://127.0.0.1:{port}")).root_certificate(&*authority.pem);
    soon(soon(connecting).await.unwrap().0.get_login_info()).await.unwrap();
    let error = soon(connect(format!("wss://127.0.0.1:{port}"))).await.unwrap_err();
    assert!(
        matches!(error, ConnectionError::Setup(_)) && error.to_string().contains("has no certificates"),
        "{error:?}"
    );
    #[cfg(feature = "http")]
    {
        let url = format!("https://127.0.0.1:{port}");
        let client = Client::builder(url).root_certificate(authority.pem).build().unwrap();
        soon(client.get_login_info()).await.unwrap();
    }
}

#[tokio::test]
async fn wss_to_a_plain_port_is_not_upgraded() {
    let server = MockServer::start().await.unwrap();
    let authority = Authority::new("one");
    let url = server.ws_url().replace("ws://", "wss://");
    let error = soon(connect(url).root_certificate(authority.pem)).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unreachable(_)), "{error:?}");
    let hint = format!(
        "no connection to 127.0.0.1:{}: this port does not answer TLS; the address of a server without TLS begins with `ws://`",
        server.port()
    );
    assert!(error.report().contains(&hint), "{}", error.report());
    #[cfg(feature = "http")]
    {
        let client = Client::builder(server.url().replace("http://", "https://")).build().unwrap();
        let error = soon(client.get_login_info()).await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && error.report().contains(&hint), "{}", error.report());
    }
}
