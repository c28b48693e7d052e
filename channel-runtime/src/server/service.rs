//! The channels as a tower service, for servers and routers that are not warp's.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use futures_util::future::Either;
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::channel::path::Path;
use crate::handshake::request_target::check_host;
use crate::handshake::upgrade_request::{lacks_upgrade, upgrade_required};

/// The channels as a tower service; from [`Server::service`](crate::Server::service).
///
/// It answers every request: one for another path with 404, and one for a channel's path that asks for no WebSocket with 426. A
/// request that violates HTTP by its host (RFC 9112, section 3.2: exactly one) is answered 400.
#[derive(Clone)]
pub struct Service {
    routes: Routes,
}

impl Service {
    pub(crate) fn new(routes: Routes) -> Self {
        Self { routes }
    }
}

#[derive(Clone)]
pub(crate) struct Routes {
    filter: BoxedFilter<(Response,)>,
    paths: Arc<[Path]>,
}

impl Routes {
    pub fn new<F>(filter: F, paths: Arc<[Path]>) -> Self
    where
        F: Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let filter = filter.or_else(|rejection: Rejection| async {
            if rejection.is_not_found() { Ok((nothing_here(),)) } else { Err(rejection) }
        });
        Self { filter: filter.boxed(), paths }
    }

    pub fn answer<B>(
        &self,
        mut request: Request<B>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<B>
    where
        B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Send + Sync + 'static,
    {
        if let Some(refusal) = check_host(&mut request) {
            return Either::Left(ready(Ok(refusal)));
        }
        let is_channel = |path: &str| self.paths.iter().any(|channel| channel.matches(path).is_some());
        let lacks_upgrade = lacks_upgrade(&request, is_channel);
        let answered = tower_service::Service::call(&mut warp::service(self.filter.clone()), request);
        // An `async` block would hold the inner future twice.
        Either::Right(answered.map_ok(move |response| match response.extensions().get() {
            Some(NothingHere) if lacks_upgrade => {
                upgrade_required("a channel is here: ask for it by a WebSocket").into_response()
            }
            _ => response,
        }))
    }
}

#[derive(Clone, Copy)]
struct NothingHere;

fn nothing_here() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.extensions_mut().insert(NothingHere);
    response
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: Body + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.routes.answer(request.map(Shared::new)))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

/// Warp requires `Sync` of a body, and axum's is not. The lock is never contended: only the owner reads a body.
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
