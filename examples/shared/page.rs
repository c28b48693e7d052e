//! The page of an example at `/`, and beside it the stylesheet that all of them share.

use warp::{Filter, Rejection, Reply, reply};

const STYLE: &str = include_str!("../pages/style.css");

pub fn page(html: &'static str) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let page = warp::path::end().map(move || reply::html(html));
    let style = warp::path!("style.css").map(|| reply::with_header(STYLE, "content-type", "text/css; charset=utf-8"));
    page.or(style)
}
