//! Channels beside the routes of an axum app. An HTTP request publishes news to every client that watches a topic.
//!
//! Run `cargo run --example axum`, open the printed address, and publish something:
//! `curl -d 'fresh bread' http://127.0.0.1:3030/publish/bakery`

use std::env;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use channel_runtime::{Channels, Hub, Server, Socket, channel, channels, message};
use serde::Serialize;

use self::blank::is_blank;
use self::client::client;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;

/// A client of `/topics/bakery` receives everything that is published there.
// No history: the page shows what is published while it is open, and keeps nothing.
#[channel("/topics/:topic")]
pub struct Topic {
    topic: String,
}

#[message(type = "welcome")]
pub struct Welcome {
    pub topic: String,
    pub watching: usize,
}

/// Published text.
#[message(type = "news")]
pub struct News {
    pub text: String,
}

#[channel(sends(Welcome, News))]
impl Topic {
    fn on_connect(&mut self, socket: &Socket<Self>) -> Welcome {
        Welcome { topic: self.topic.clone(), watching: socket.room().len() }
    }
}

/// How many clients received it.
#[derive(Serialize)]
struct Heard {
    watching: usize,
}

/// An axum handler, which sends through the channel's hub.
async fn publish(
    State(topics): State<Hub<Topic>>,
    Path(topic): Path<String>,
    text: String,
) -> Result<Json<Heard>, (StatusCode, &'static str)> {
    if is_blank(&text) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "say something"));
    }
    let sent = topics.room(&Topic::room(&topic)).send(News { text });
    Ok(Json(Heard { watching: sent.recipients }))
}

/// The app's own routes; all other requests are passed to the channels.
fn routes(topics: Hub<Topic>, server: &Server<()>) -> Router {
    let client = client(&server.describe());
    Router::new()
        .route("/", get(|| async { Html(include_str!("pages/topics.html")) }))
        .route("/channels.js", get(|| async move { ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], client) }))
        .route(
            "/style.css",
            get(|| async { ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("pages/style.css")) }),
        )
        .route("/publish/{topic}", post(publish))
        .with_state(topics)
        .fallback_service(server.service())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let channels: Channels<()> = channels![Topic];
    let topics = channels.of::<Topic>();
    let server = channels.app(());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let routes = routes(topics, &server);
    // axum waits only for its own requests, so the channels are drained by their server.
    let stop = async move {
        tokio::signal::ctrl_c().await.expect("ctrl-c can be listened for");
        server.drain().await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}
