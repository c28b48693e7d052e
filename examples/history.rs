//! A chat that outlives its server: each line is in SQLite, the page is rendered with the newest ones, and nobody misses a line or
//! sees one twice, even if the server is killed.
//!
//! Run `DATABASE=lines.db cargo run --example history`, open the printed address in two tabs, kill the server in the middle of a
//! conversation, and start it again. Without `DATABASE` the lines are in memory alone.
//!
//! 1. A line is written, and then sent.
//! 2. Who comes back after a cut is sent what it missed by the channel's `history`, and nothing is read.
//! 3. Who comes fresh, after a restart or a long absence, is sent the newest lines of the database. It is in its room before they are
//!    read, so that a line may come twice: the page drops what it has.
//! 4. The page has the history's position of before its lines were read, so that nothing falls between the page and its connection.
//! 5. Only the client knows that a line was not answered when the server was killed. It says the line again, with the same key, and
//!    the database knows whether it has it.

use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use channel_runtime::describe::Describe;
use channel_runtime::{Fault, Hub, Joined, Reject, Server, Socket, channel, channels, message};
use rusqlite::{Connection, OptionalExtension};
use tokio::task::spawn_blocking;
use warp::http::StatusCode;
use warp::{Filter, Reply, reply};

use self::blank::is_blank;
use self::client::client;
use self::files::files;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;
#[path = "shared/files.rs"]
mod files;

#[channel("/rooms/:name", app = Lines, history)]
pub struct Room {
    name: String,
}

#[message(type = "say")]
pub struct Say {
    /// New for each line, and the same when it is said again: 1 to 64 bytes.
    pub key: String,
    pub text: String,
}

#[message(type = "line")]
#[derive(Clone, Debug, PartialEq, Describe)]
pub struct Line {
    /// Lines are sent in the order of their ids.
    pub id: i64,
    pub text: String,
}

/// The newest lines, the oldest of them first, to who comes fresh.
#[message(type = "newest")]
pub struct Newest {
    pub lines: Vec<Line>,
}

#[channel(sends(Line, Newest))]
impl Room {
    fn authorize(&self) -> Result<(), Reject> {
        if self.name.len() > 100 {
            return Err(Reject::bad_request("the name of a room has at most 100 bytes"));
        }
        Ok(())
    }

    async fn on_connect(&mut self, socket: &Socket<Self>, lines: &Lines) -> Result<(), Fault> {
        if let Joined::Fresh { .. } = socket.joined() {
            socket.send(Newest { lines: lines.newest(&self.name).await? });
        }
        Ok(())
    }

    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>, lines: &Lines) -> Result<(), Fault> {
        if is_blank(&say.text) || say.text.chars().count() > 1000 {
            return Err(Fault::validation("A line has 1 to 1000 characters"));
        }
        if !(1..=64).contains(&say.key.len()) {
            return Err(Fault::validation("A key has 1 to 64 bytes"));
        }
        let room = socket.room();
        let send = move |line| {
            room.send(line);
        };
        lines.write(&self.name, say, send).await
    }
}

/// The lines of all rooms.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Connection>>);

impl Lines {
    /// How many lines of a room are shown at first.
    const NEWEST: u32 = 100;

    /// Those of this file, or those in memory with `:memory:`.
    pub fn open(path: &str) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, room TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL);
             CREATE UNIQUE INDEX IF NOT EXISTS keys ON lines (room, key);
             CREATE INDEX IF NOT EXISTS rooms ON lines (room, id);",
        )?;
        Ok(Self(Arc::new(Mutex::new(database))))
    }

    pub async fn newest(&self, room: &str) -> Result<Vec<Line>, Fault> {
        let room = room.to_owned();
        self.run(move |database| {
            let mut newest =
                database.prepare_cached("SELECT id, text FROM lines WHERE room = ?1 ORDER BY id DESC LIMIT ?2")?;
            let lines =
                newest.query_map((room, Self::NEWEST), |row| Ok(Line { id: row.get(0)?, text: row.get(1)? }))?;
            let mut lines = lines.collect::<Result<Vec<_>, _>>()?;
            lines.reverse();
            Ok(lines)
        })
        .await
    }

    /// Writes it unless it was said before, and then calls `send`, before anything else is written. So lines are sent in the order of
    /// their ids, and whatever is written is sent, though its writer has gone meanwhile.
    async fn write(&self, room: &str, say: Say, send: impl FnOnce(Line) + Send + 'static) -> Result<(), Fault> {
        let room = room.to_owned();
        self.run(move |database| {
            let mut write = database.prepare_cached(
                "INSERT INTO lines (room, key, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING id",
            )?;
            let id = write.query_row((room, say.key, &say.text), |row| row.get(0)).optional()?;
            if let Some(id) = id {
                send(Line { id, text: say.text });
            }
            Ok(())
        })
        .await
    }

    /// SQLite blocks, so it has a thread for as long as it works. What was begun is done, though nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let database = Arc::clone(&self.0);
        let act = move || act(&database.lock().unwrap_or_else(PoisonError::into_inner));
        spawn_blocking(act).await.map_err(Fault::internal)?.map_err(Fault::internal)
    }
}

/// The page of the room `lobby`.
async fn page(rooms: &Hub<Room>, lines: &Lines) -> Result<String, Fault> {
    // Before the lines are read: what is said while they are is sent to the page's client, too.
    let position = rooms.room(&Room::room("lobby")).position().await?;
    let lines = lines.newest("lobby").await?;
    let items = lines.iter().map(|Line { id, text }| format!("<li data-id=\"{id}\">{}</li>", escaped(text)));
    let html = include_str!("pages/history.html").replace("{position}", position.as_str());
    Ok(html.replace("{lines}", &items.collect::<String>()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The channel and its page.
pub fn server(lines: Lines) -> Server<Lines> {
    let channels = channels![Room];
    let rooms = channels.of::<Room>();
    let server = channels.app(lines.clone());
    let page = warp::path::end().then(move || {
        let (rooms, lines) = (rooms.clone(), lines.clone());
        async move {
            match page(&rooms, &lines).await {
                Ok(html) => reply::html(html).into_response(),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            }
        }
    });
    let files = files(client(&server.describe()));
    server.or(page.or(files))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let database = env::var("DATABASE").unwrap_or_else(|_| ":memory:".into());
    let bound = server(Lines::open(&database)?).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await?;
    Ok(())
}
