//! What the pages of the examples load: the stylesheet that all share, and the client of the example's channels.

use warp::{Filter, Rejection, Reply, reply};

const STYLE: &str = include_str!("../pages/style.css");

/// The stylesheet at `/style.css`, and the client at `/channels.js`.
pub fn files(client: String) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let style = warp::path!("style.css").map(|| reply::with_header(STYLE, "content-type", "text/css; charset=utf-8"));
    let client = warp::path!("channels.js")
        .map(move || reply::with_header(client.clone(), "content-type", "text/javascript; charset=utf-8"));
    style.or(client)
}
