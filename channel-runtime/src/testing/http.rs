//! An HTTP request in a test to the routes beside the channels, and its response.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_service::Service;

use super::app::TestApp;
use super::expectation::{Expectation, Failure};
use super::settle::{PATIENCE, settle};
use crate::server::peer::PeerAddr;

impl<A: Send + Sync + 'static> TestApp<A> {
    /// Sends a `GET` request to this path, which may have a query: see [`request`](Self::request).
    pub fn get(&self, path: &str) -> HttpRequest<'_, A> {
        self.request(Method::GET, path)
    }

    /// Sends a `POST` request to this path: see [`request`](Self::request).
    pub fn post(&self, path: &str) -> HttpRequest<'_, A> {
        self.request(Method::POST, path)
    }

    /// A request to the routes beside the channels, or one to a channel's path that is no handshake. Await it for the response, which
    /// is there when all work that the route caused has ended. Headers and a body can be added before.
    pub fn request(&self, method: Method, path: &str) -> HttpRequest<'_, A> {
        HttpRequest::new(self, method, path)
    }
}

/// An HTTP request that is being prepared: await it for the response.
#[must_use = "await it"]
pub struct HttpRequest<'a, A> {
    app: &'a TestApp<A>,
    method: Method,
    path: String,
    headers: HeaderMap,
    peer: Option<PeerAddr>,
    body: Bytes,
}

impl<'a, A: Send + Sync + 'static> HttpRequest<'a, A> {
    pub(super) fn new(app: &'a TestApp<A>, method: Method, path: &str) -> Self {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        Self { app, method, path: path.into(), headers, peer: None, body: Bytes::new() }
    }

    /// With this header, which replaces those of the same name.
    ///
    /// # Panics
    /// If it is no valid header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = header(name, value);
        self.headers.insert(name, value);
        self
    }

    /// From this address. Without it the address is not known.
    pub fn remote_addr(mut self, addr: SocketAddr) -> Self {
        self.peer = Some(PeerAddr(addr));
        self
    }

    /// With this body, a text or bytes.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With this value as JSON in its body, and `Content-Type: application/json`.
    ///
    /// # Panics
    /// If it can't be written as JSON.
    #[track_caller]
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("a value that JSON can hold");
        self.header(CONTENT_TYPE.as_str(), "application/json").body(body)
    }

    async fn respond(self) -> Result<HttpResponse, Failure> {
        let Self { app, method, path, headers, peer, body } = self;
        let asked = format!("{method} {path}");
        // RFC 9110, section 8.6.
        let length =
            Some(body.len()).filter(|&len| len > 0 || [Method::POST, Method::PUT, Method::PATCH].contains(&method));
        let request = Request::builder().method(method).uri(path).body(Whole(body));
        let mut request = request.map_err(|error| format!("{asked} is no request: {error}"))?;
        *request.headers_mut() = headers;
        if let Some(length) = length {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let respond = async {
            let Ok(response) = app.server.service().call(request).await;
            let (head, body) = response.into_parts();
            let body = read(body).await.map_err(|error| format!("the response to {asked} broke: {error}"))?;
            Ok::<_, Failure>(HttpResponse { status: head.status, headers: head.headers, body })
        };
        let response = tokio::time::timeout(PATIENCE, respond).await;
        let response = response.map_err(|_| format!("no response to {asked} after {PATIENCE:?}"))??;
        settle(&app.table().activity).await?;
        Ok(response)
    }
}

impl<'a, A: Send + Sync + 'static> IntoFuture for HttpRequest<'a, A> {
    type Output = HttpResponse;
    type IntoFuture = Expectation<'a, HttpResponse>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        Expectation::new(self.respond())
    }
}

impl<A> fmt::Debug for HttpRequest<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, body, .. } = self;
        f.debug_struct("HttpRequest")
            .field("method", method)
            .field("path", path)
            .field("headers", headers)
            .field("body", body)
            .finish_non_exhaustive()
    }
}

/// The response to an [`HttpRequest`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpResponse {
    /// 200, 404 and so on.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl HttpResponse {
    /// The body as text.
    ///
    /// # Panics
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    /// If it is no JSON, or of another type.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in the body {:?} of a response {}", self.body, self.status),
        }
    }
}

/// # Panics
/// If it is no valid header.
#[track_caller]
pub(super) fn header(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    (name.parse().expect("a header's name"), HeaderValue::from_str(value).expect("a header's value"))
}

struct Whole(Bytes);

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let all = std::mem::take(&mut self.0);
        Poll::Ready((!all.is_empty()).then_some(Ok(Frame::data(all))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

async fn read<B: Body>(body: B) -> Result<Bytes, B::Error> {
    let (mut body, mut read) = (pin!(body), BytesMut::new());
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            read.put(data);
        }
    }
    Ok(read.freeze())
}
