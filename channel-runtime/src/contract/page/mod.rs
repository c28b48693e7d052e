//! A page that shows a server's channels and talks to them.

use std::future::ready;
use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response as HttpResponse, StatusCode};
use warp::filters::BoxedFilter;
use warp::path::{FullPath, Tail};
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::contract::asyncapi::asyncapi;
use crate::contract::opaque::Opaque;
use crate::contract::typescript::typescript;
use crate::protocol::describe::{Description, OpaqueDescription};

/// What has a description: a [`Server`](crate::Server), [`Channels`](crate::Channels), or a description itself.
pub trait Described {
    /// The description.
    fn description(&self) -> Description;
}

impl Described for Description {
    fn description(&self) -> Description {
        self.clone()
    }
}

/// Warp routes with a page about the channels, at `/channels`. With the feature `contract`.
///
/// ```
/// # use channel_runtime::{channel, channels, contract};
/// # #[channel("/chat")] pub struct Chat;
/// # #[channel] impl Chat {}
/// let server = channels![Chat].app(());
/// let page = contract::page(&server);
/// let server = server.or(page);
/// # drop(server);
/// ```
///
/// **It shows the whole contract to whoever opens it**, without a login: every channel with its path, every message, type and fault
/// with its documentation, rates, and what a handshake needs. It shows no data and gives no rights: it connects as any client does,
/// with the token that is entered. It is there only if it is mounted: mount it in development alone, or behind a filter of yours,
/// `is_admin().and(page)`.
///
/// | path | |
/// |---|---|
/// | `/channels` | the page |
/// | `/channels/asyncapi.json` | the contract: [`asyncapi`](super::asyncapi()) |
/// | `/channels/client.js` | the generated client: [`typescript`](super::typescript()) as JavaScript |
///
/// Each message that clients send has a form made from its schema, and one for its JSON. The page connects by the generated client,
/// and shows each frame with its answer. A channel in another envelope, or one that takes raw text, has one field for whole frames.
///
/// All of it is in the program, and nothing is loaded from elsewhere: script and style are files of their own, so that the page has
/// a strict Content-Security-Policy. It may be mounted below a prefix, if the channels are below the same one. Channels that are
/// tried before it and match its paths, such as `/:room`, hide it.
///
/// If the form of a type is not known, the page says which, and accepts any JSON in its place.
#[must_use]
pub fn page(of: &impl Described) -> BoxedFilter<(Response,)> {
    let files = Arc::new(Files::of(&of.description()));
    warp::path("channels")
        .and(warp::path::tail())
        .and(warp::path::full())
        .and(warp::get().or(warp::head()).unify())
        .and_then(move |tail: Tail, full: FullPath| {
            let is_folder = full.as_str().ends_with('/');
            ready(files.answer(tail.as_str(), is_folder).ok_or_else(warp::reject::not_found))
        })
        .boxed()
}

struct Files {
    html: String,
    asyncapi: String,
    client: String,
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

impl Files {
    fn of(description: &Description) -> Self {
        const KNOWN: &str = "nothing is opaque that is made unknown";
        let banner = Opaque::check(description).err().map_or_else(String::new, |opaque| banner(&opaque));
        Self {
            html: include_str!("page.html").replace("<!-- opaque -->", &banner),
            asyncapi: asyncapi(description).opaque_as_unknown().json().expect(KNOWN),
            client: typescript(description).opaque_as_unknown().javascript().expect(KNOWN),
        }
    }

    /// `None` if there is no such file.
    fn answer(&self, path: &str, is_folder: bool) -> Option<Response> {
        let (kind, text) = match path {
            // The page's links are relative, so that it may stand below a prefix.
            "" if is_folder => return Some(redirect()),
            "" => ("text/html; charset=utf-8", &*self.html),
            "asyncapi.json" => ("application/json", &*self.asyncapi),
            "client.js" => (JAVASCRIPT, &*self.client),
            "page.js" => (JAVASCRIPT, include_str!("page.js")),
            "form.js" => (JAVASCRIPT, include_str!("form.js")),
            "page.css" => ("text/css; charset=utf-8", include_str!("page.css")),
            _ => return None,
        };
        let mut response = HttpResponse::new(text.to_owned()).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, kind),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            // A server that was built anew has another contract.
            (CACHE_CONTROL, "no-cache"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }
}

fn redirect() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("../channels"));
    response
}

fn banner(opaque: &Opaque) -> String {
    let item = |of: &OpaqueDescription| {
        format!("<li>{}: derive <code>Describe</code> on <code>{}</code></li>", escaped(&of.place), escaped(&of.name))
    };
    let places: String = opaque.places().iter().map(item).collect();
    format!(
        "<section class=\"banner\" role=\"alert\" data-role=\"opaque\">The form of these types is not known, so that any JSON is \
         accepted in their place:<ul>{places}</ul></section>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
