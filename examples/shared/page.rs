//! The page of an example at `/`, with what it loads.

use warp::{Filter, Rejection, Reply, reply};

use self::files::files;

#[path = "files.rs"]
mod files;

/// The page at `/`, the stylesheet at `/style.css`, and the client at `/channels.js`.
pub fn page(html: &'static str, client: String) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path::end().map(move || reply::html(html)).or(files(client))
}
