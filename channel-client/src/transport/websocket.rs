//! WebSockets over TCP, and over TLS with the feature `tls`.

use std::fmt;
use std::pin::Pin;
#[cfg(feature = "tls")]
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::header::{HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderMap, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

#[cfg(not(feature = "tls"))]
use tokio_tungstenite::connect_async_with_config;
#[cfg(feature = "tls")]
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::{Connecting, Connection, Handshake, Incoming, Outgoing, Refused, Transport, Waiting};

/// Small messages are sent at once.
const WITHOUT_NAGLE: bool = true;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// WebSockets over TCP; with the feature `tls`, also over TLS.
#[derive(Clone, Default)]
pub struct WebSockets {
    #[cfg(feature = "tls")]
    tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
}

impl WebSockets {
    /// With the system's certificates for `wss://`.
    pub fn new() -> Self {
        Self::default()
    }

    /// With these certificates and settings for `wss://`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(self, config: Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        Self { tls: Some(config) }
    }

    #[cfg(feature = "tls")]
    async fn dial(&self, handshake: &Handshake) -> Result<Socket, Refused> {
        let connector = match &self.tls {
            _ if !handshake.url.starts_with("wss:") => Connector::Plain,
            Some(config) => Connector::Rustls(Arc::clone(config)),
            None => Connector::Rustls(system_certificates()?),
        };
        let request = request(handshake).map_err(refused)?;
        let connected = connect_async_tls_with_config(request, None, WITHOUT_NAGLE, Some(connector)).await;
        connected.map(|(stream, _)| stream).map_err(refused)
    }

    #[cfg(not(feature = "tls"))]
    async fn dial(&self, handshake: &Handshake) -> Result<Socket, Refused> {
        let request = request(handshake).map_err(refused)?;
        let connected = connect_async_with_config(request, None, WITHOUT_NAGLE).await;
        connected.map(|(stream, _)| stream).map_err(refused)
    }
}

#[cfg(feature = "tls")]
fn system_certificates() -> Result<Arc<tokio_rustls::rustls::ClientConfig>, Refused> {
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

    // Reading them takes some time, and they are the same for every connection.
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = SYSTEM.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Refused { reason: error.to_string(), ..Refused::default() })?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::clone(SYSTEM.get_or_init(|| Arc::new(config))))
}

impl Transport for WebSockets {
    fn connect(&self, handshake: Handshake) -> Connecting {
        let transport = self.clone();
        Box::pin(async move {
            let stream = transport.dial(&handshake).await?;
            Ok(Box::new(WebSocket { stream }) as Box<dyn Connection>)
        })
    }
}

impl fmt::Debug for WebSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSockets")
    }
}

fn request(handshake: &Handshake) -> Result<tokio_tungstenite::tungstenite::handshake::client::Request, Error> {
    let mut request = handshake.url.as_str().into_client_request()?;
    let subprotocols = HeaderValue::from_str(&handshake.subprotocols.join(", "))?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocols);
    Ok(request)
}

fn refused(error: Error) -> Refused {
    let Error::Http(response) = error else { return Refused { reason: error.to_string(), ..Refused::default() } };
    let status = response.status();
    let reason = reason(&response).unwrap_or_else(|| status.to_string());
    Refused { status: Some(status.as_u16()), reason, retry_after: retry_after(response.headers()) }
}

/// The beginning of the body, if it is text.
fn reason(response: &Response<Option<Vec<u8>>>) -> Option<String> {
    let body = str::from_utf8(response.body().as_deref()?).ok()?;
    let end = body.floor_char_boundary(256);
    (!body.is_empty()).then(|| body[..end].to_owned())
}

/// In seconds; a date is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

struct WebSocket {
    stream: Socket,
}

impl WebSocket {
    fn stream(&mut self) -> Pin<&mut Socket> {
        Pin::new(&mut self.stream)
    }

    fn poll_written(&mut self, cx: &mut Context<'_>, waiting: &mut Waiting) -> Poll<Result<(), Error>> {
        while !waiting.is_empty() {
            ready!(self.stream().poll_ready(cx))?;
            let Some(outgoing) = waiting.pop() else { break };
            self.stream().start_send(message(outgoing))?;
        }
        self.stream().poll_flush(cx)
    }
}

fn message(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Text(text) => Message::Text(text.into()),
        Outgoing::Binary(bytes) => Message::Binary(bytes),
        Outgoing::Close { reason } => {
            Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: reason.into() }))
        }
    }
}

impl Connection for WebSocket {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            let next = ready!(self.stream().poll_next(cx));
            let received = match next {
                Some(Ok(Message::Text(text))) => Incoming::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                        (u16::from(frame.code), frame.reason.as_str().to_owned())
                    });
                    // The reply to the Close; it is short, and what does not take it now is gone.
                    _ = self.stream().poll_flush(cx);
                    Incoming::Ended { code, reason }
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => Incoming::Ended { code: 1006, reason: error.to_string() },
                None => Incoming::Ended { code: 1006, reason: "the connection has ended".to_owned() },
            };
            return Poll::Ready(received);
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, waiting: &mut Waiting) -> Poll<()> {
        if ready!(self.poll_written(cx, waiting)).is_err() {
            waiting.clear();
        }
        Poll::Ready(())
    }
}
