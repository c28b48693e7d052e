//! The page of an example at `/`, with what it loads: the stylesheet that all pages share, and the client of the example's channels.

use warp::{Filter, Rejection, Reply, reply};

const STYLE: &str = include_str!("../pages/style.css");

/// The page at `/`, the stylesheet at `/style.css`, and the client at `/channels.js`.
pub fn page(html: &'static str, client: String) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let page = warp::path::end().map(move || reply::html(html));
    let style = warp::path!("style.css").map(|| reply::with_header(STYLE, "content-type", "text/css; charset=utf-8"));
    let client = warp::path!("channels.js")
        .map(move || reply::with_header(client.clone(), "content-type", "text/javascript; charset=utf-8"));
    page.or(style).or(client)
}
