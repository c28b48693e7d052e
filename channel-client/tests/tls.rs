//! `wss://`: only a server whose certificate is trusted is spoken to.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

use std::sync::Arc;

use channel_client::transport::WebSockets;
use channel_client::transport::rustls::crypto::ring;
use channel_client::transport::rustls::pki_types::PrivateKeyDer;
use channel_client::transport::rustls::{ClientConfig, RootCertStore, ServerConfig};
use channel_client::{Client, Event, Status};
use channel_runtime::{Success, channel, channels, message};

#[message(type = "add")]
pub struct Add {
    one: u32,
    other: u32,
}

#[channel("/sums")]
pub struct Sums {}

#[channel]
impl Sums {
    #[message]
    fn add(&self, add: Add) -> Success<u32> {
        Success(add.one + add.other)
    }
}

#[tokio::test]
async fn a_server_is_spoken_to_if_its_certificate_is_trusted_and_not_if_it_is_not() {
    let certified = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let server_config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let server = channels![Sums].app(()).bind("127.0.0.1:0").await.unwrap().tls(server_config);
    let url = format!("wss://localhost:{}", server.local_addr().port());
    tokio::spawn(server.run());

    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let sums = Client::<Sums>::new("/sums").url(&url).transport(WebSockets::new().tls(Arc::new(trusting))).open();
    assert_eq!(sums.request(Add { one: 2, other: 3 }).await.unwrap(), 5);

    // The system does not know who signed it.
    let wary = Client::<Sums>::new("/sums").url(&url).open();
    let mut events = wary.events();
    loop {
        match events.next().await.unwrap() {
            Event::Status(Status::Waiting { last, .. }) => {
                assert!(last.code == 1006 && last.reason.contains("certificate"), "{last:?}");
                break;
            }
            Event::Status(Status::Connecting { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}
