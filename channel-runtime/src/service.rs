//! The channels as a tower service, for servers and routers that are not warp's.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::reject::Reject;

/// The channels as a tower service; from [`Server::service`](crate::Server::service).
///
/// It answers every request, one that is none of the channels' with 404.
#[derive(Clone)]
pub struct Service {
    filter: BoxedFilter<(Response,)>,
}

impl Service {
    pub(crate) fn new(filter: BoxedFilter<(Response,)>) -> Self {
        Self { filter }
    }
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(refusal) = refusal_of_target(&request) {
            return Box::pin(ready(Ok(refusal)));
        }
        let mut service = warp::service(self.filter.clone());
        Box::pin(tower_service::Service::call(&mut service, request.map(Shared::new)))
    }
}

/// What is answered where a request's target is no path: a proxy's, `CONNECT host:port`. warp's filters would panic.
pub(crate) fn refusal_of_target<B>(request: &Request<B>) -> Option<Response> {
    let has_path = request.uri().path_and_query().is_some();
    (!has_path).then(|| Reject::bad_request("this is no proxy: the target of a request is a path").into_response())
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

/// A body that may be shared between threads, as warp wants it and axum's is not. The lock is never taken: whoever reads a
/// body has it for himself.
struct Shared<B>(Mutex<Pin<Box<B>>>);

impl<B> Shared<B> {
    fn new(body: B) -> Self {
        Self(Mutex::new(Box::pin(body)))
    }
}

impl<B: Body> Body for Shared<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.0.get_mut().as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
