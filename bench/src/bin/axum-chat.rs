//! The usual chat with axum.

use std::io;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use bench::chat::Rooms;
use bench::serving::{Serving, Threads, announce};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about = "The usual chat with axum", long_about = None)]
struct Arguments {
    #[command(flatten)]
    serving: Serving,
    #[command(flatten)]
    threads: Threads,
}

fn main() -> io::Result<()> {
    let Arguments { serving, threads } = Arguments::parse();
    serving.begin()?;
    threads.run(async {
        let rooms = Rooms::new(|text| Message::Text(text.into()));
        let app = Router::new().route("/ws/{room}", any(upgrade)).with_state(rooms);
        let listener = TcpListener::bind(serving.addr).await?;
        announce(listener.local_addr()?);
        axum::serve(listener, app).await
    })
}

async fn upgrade(upgrade: WebSocketUpgrade, Path(room): Path<String>, State(rooms): State<Rooms<Message>>) -> Response {
    upgrade.on_upgrade(move |socket| connected(socket, room, rooms))
}

async fn connected(socket: WebSocket, room: String, rooms: Rooms<Message>) {
    let (mut sink, mut stream) = socket.split();
    let (client, mut messages) = rooms.join(room).await;
    tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            if sink.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            client.says(&text).await;
        }
    }
    client.leaves().await;
}
