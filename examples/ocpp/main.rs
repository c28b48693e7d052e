//! A central system for charging stations, which speak OCPP 1.6 in JSON: an envelope that is written here, outside the framework, in
//! about a hundred lines. Both sides call the other, and each call has one answer. `docs/envelopes.md` writes it step by step.
//!
//! Run `cargo run --example ocpp`, and connect a station to `ws://127.0.0.1:3030/ocpp/CP1` with the subprotocol `ocpp1.6`. Then let it
//! begin to charge, for the card `ANN`:
//!
//! ```text
//! curl -X POST http://127.0.0.1:3030/start/CP1/ANN
//! ```
//!
//! `tests/clients` runs the Python packages `ocpp` and `websockets` against this example.

use std::env;
use std::time::Duration;

use channel_runtime::describe::Describe;
use channel_runtime::{Fault, Hub, Server, Socket, Success, channel, channels, message, timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use warp::Filter;
use warp::http::StatusCode;

use self::ocpp16::Ocpp16;

mod ocpp16;

/// The first call of a station.
#[message(type = "BootNotification")]
#[serde(rename_all = "camelCase")]
pub struct BootNotification {
    pub charge_point_vendor: String,
    pub charge_point_model: String,
}

/// The answer to [`BootNotification`].
#[derive(Serialize, Describe)]
#[serde(rename_all = "camelCase")]
pub struct Booted {
    status: &'static str,
    current_time: String,
    /// In seconds, between two heartbeats.
    interval: u32,
}

/// The answer to a heartbeat.
#[derive(Serialize, Describe)]
#[serde(rename_all = "camelCase")]
pub struct Alive {
    current_time: String,
}

/// A call of ours: begin to charge for this card.
#[message(type = "RemoteStartTransaction", answer = Started)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStartTransaction {
    pub id_tag: String,
}

/// The station's answer.
#[derive(Deserialize, Describe)]
pub struct Started {
    status: String,
}

/// A notice: an operator wants a station to begin, and waits for what it answers.
#[derive(Clone)]
pub struct Start {
    card: String,
    answer: mpsc::Sender<Result<Started, String>>,
}

// No history: nothing is sent to a room; calls and answers are one station's, and OCPP has no place for numbers.
#[channel("/ocpp/:id", subprotocols("ocpp1.6", close = 1002))]
pub struct Station {
    id: String,
}

#[channel(sends(RemoteStartTransaction), envelope = Ocpp16)]
impl Station {
    fn identity(&self) -> &String {
        &self.id
    }

    #[message]
    fn boot(&self, m: BootNotification) -> Result<Success<Booted>, Fault> {
        if m.charge_point_vendor == "Thief" {
            return Err(Fault::forbidden(format!("{} is not ours", self.id)));
        }
        Ok(Success(Booted { status: "Accepted", current_time: timestamp(), interval: 300 }))
    }

    #[message(type = "Heartbeat")]
    fn heartbeat(&self) -> Success<Alive> {
        Success(Alive { current_time: timestamp() })
    }

    /// Waits in a task, so that the station's calls do not wait meanwhile.
    #[notice]
    fn start(&self, n: Start, socket: &Socket<Self>) {
        let asked = socket.ask(RemoteStartTransaction { id_tag: n.card }).within(Duration::from_secs(30));
        tokio::spawn(async move {
            let answer = tokio::select! {
                answer = asked => answer,
                // The operator has gone: if it was not sent yet, it is not any more.
                () = n.answer.closed() => return,
            };
            _ = n.answer.send(answer.map_err(|error| error.to_string())).await;
        });
    }
}

/// `POST /start/CP1/ANN`: the station's answer.
async fn start(hub: Hub<Station>, station: String, card: String) -> (StatusCode, String) {
    let (answer, mut answered) = mpsc::channel(1);
    hub.user(&station).notify(Start { card, answer });
    match answered.recv().await {
        Some(Ok(started)) => (StatusCode::OK, started.status),
        Some(Err(error)) => (StatusCode::BAD_GATEWAY, error),
        None => (StatusCode::NOT_FOUND, "this station is not connected".into()),
    }
}

/// The channel and the operators' route. Anybody may use it; an app would check, as the example `secure` does.
pub fn server() -> Server<()> {
    let channels = channels![Station];
    let hub = channels.of::<Station>();
    let route = warp::path!("start" / String / String).and(warp::post()).then(move |station, card| {
        let hub = hub.clone();
        async move {
            let (status, text) = start(hub, station, card).await;
            warp::reply::with_status(text, status)
        }
    });
    channels.app(()).or(route)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
