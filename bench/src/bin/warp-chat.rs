//! The usual chat with `warp::ws`.

use std::io;

use bench::chat::Rooms;
use bench::serving::{Serving, Threads, announce};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_stream::wrappers::UnboundedReceiverStream;
use warp::Filter;
use warp::ws::{Message, WebSocket, Ws};

#[derive(Parser)]
#[command(about = "The usual chat with `warp::ws`", long_about = None)]
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
        let rooms = Rooms::new(Message::text);
        let chat = warp::path!("ws" / String).and(warp::ws()).map(move |room, ws: Ws| {
            let rooms = rooms.clone();
            ws.on_upgrade(move |socket| connected(socket, room, rooms))
        });
        let listener = TcpListener::bind(serving.addr).await?;
        announce(listener.local_addr()?);
        warp::serve(chat).incoming(listener).run().await;
        Ok(())
    })
}

async fn connected(socket: WebSocket, room: String, rooms: Rooms<Message>) {
    let (mut sink, mut stream) = socket.split();
    let (client, receiver) = rooms.join(room).await;
    let mut messages = UnboundedReceiverStream::new(receiver);
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            if sink.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Ok(text) = message.to_str() {
            client.says(text).await;
        }
    }
    client.leaves().await;
}
