//! The chat over TLS: `https` for the page, `wss` for the channel.
//!
//! Run `cargo run --example tls --features tls` and open the printed address. The certificate is made when the program starts, and
//! no authority signed it, so a browser asks whether to continue. The documentation of `BoundServer::tls` shows how to read a certificate
//! from an authority, and how to renew it while the server runs.

#[allow(dead_code, reason = "its `main` serves without TLS")]
mod chat;

use std::env;
use std::error::Error;

use channel_runtime::rustls::ServerConfig;
use channel_runtime::rustls::pki_types::PrivateKeyDer;

fn tls() -> Result<ServerConfig, Box<dyn Error>> {
    let certified = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    Ok(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certified.cert.into()], key)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = chat::server().bind(addr).await?.tls(tls()?);
    println!("listening on https://{}", bound.local_addr());
    bound.run().await?;
    Ok(())
}
