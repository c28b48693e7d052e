//! Channels in an axum app: its routes beside them, and an HTTP request that everybody who watches a topic hears of.
//!
//! `cargo run --example axum`, open the printed address, and say something:
//! `curl -d 'fresh bread' http://127.0.0.1:3030/publish/bakery`

use std::env;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use channel_runtime::{Channels, Hub, Server, Socket, channel, channels, message};
use serde::Serialize;

use self::blank::is_blank;

#[path = "shared/blank.rs"]
mod blank;

/// Whoever connects to `/topics/bakery` hears of all that is published there.
#[channel("/topics/:topic")]
pub struct Topic {
    topic: String,
}

#[message(type = "welcome")]
pub struct Welcome {
    pub topic: String,
    pub watching: usize,
}

/// What somebody published.
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

/// How many heard of it.
#[derive(Serialize)]
struct Heard {
    watching: usize,
}

/// An axum handler sends through the channel's hub.
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

/// The app's own routes, and the channels for all that they leave.
fn routes(topics: Hub<Topic>, server: &Server<()>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("pages/topics.html")) }))
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
    // axum knows its own requests alone: their server drains the channels.
    let stop = async move {
        tokio::signal::ctrl_c().await.expect("ctrl-c can be listened for");
        server.drain().await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}
