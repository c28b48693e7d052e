//! Votes counted in Redis, over a pool of connections that all clients share.
//!
//! A handler takes a connection from the pool for one message and returns it. All of this has a deadline: while Redis is slow or
//! down, a vote is answered with an error, all clients stay connected, and once Redis is back the next vote counts.
//!
//! ```text
//! apt-get install redis-server        # or any other way to a Redis
//! redis-server --port 6379 --save ""  # in a shell of its own
//! cargo run --example pooled          # REDIS_URL says where it is: redis://127.0.0.1:6379 by default
//! ```

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use channel_runtime::describe::Describe;
use channel_runtime::{Fault, Server, Socket, channel, channels, message};
use deadpool_redis::redis::{FromRedisValue, Pipeline, pipe};
use deadpool_redis::{Config, CreatePoolError, Pool, Runtime};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use self::client::client;
use self::page::page;

#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: the newest tally is all there is to know, and who connects is sent it.
#[channel("/polls/:poll", app = App)]
pub struct Poll {
    poll: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Describe)]
#[serde(rename_all = "snake_case")]
pub enum Drink {
    Coffee,
    Tea,
    Water,
}

#[message(type = "vote")]
pub struct Vote {
    pub drink: Drink,
}

/// The votes for each drink. If two tallies arrive out of order, the one with the larger total is newer.
#[message(type = "tally")]
#[derive(Debug, PartialEq)]
pub struct Tally {
    pub votes: BTreeMap<Drink, u64>,
    pub total: u64,
}

#[channel(sends(Tally))]
impl Poll {
    /// A client that connects while Redis is down stays connected, and receives the next tally.
    async fn on_connect(&mut self, app: &App) -> Option<Tally> {
        app.store.tally(&self.poll).await.ok()
    }

    /// Everybody in the poll receives the new tally after each vote, the voter too.
    #[message]
    async fn vote(&mut self, vote: Vote, socket: &Socket<Self>, app: &App) -> Result<(), Unavailable> {
        let tally = app.store.vote(&self.poll, vote.drink).await?;
        socket.room().send(tally);
        Ok(())
    }

    #[message(type = "get_tally")]
    async fn get_tally(&mut self, app: &App) -> Result<Tally, Unavailable> {
        app.store.tally(&self.poll).await
    }
}

pub struct App {
    store: Store,
}

/// The store of the votes.
struct Store {
    pool: Pool,
}

/// The store did not answer in time, or failed. The client learns no more than that; the cause is logged.
#[derive(Debug)]
pub struct Unavailable;

impl From<Unavailable> for Fault {
    fn from(_: Unavailable) -> Self {
        Self::new("poll.unavailable", "votes can't be counted just now; try again in a moment")
    }
}

impl Store {
    /// The most connections that are open; further messages wait for one, within the deadline.
    const CONNECTIONS: usize = 16;

    /// For everything that one message needs from Redis, including the wait for a connection.
    const DEADLINE: Duration = Duration::from_secs(1);

    /// Connects at the first query, so that the server starts without Redis, too.
    fn new(url: &str) -> Result<Self, CreatePoolError> {
        let mut config = Config::from_url(url);
        config.pool = Some(deadpool_redis::PoolConfig::new(Self::CONNECTIONS));
        Ok(Self { pool: config.create_pool(Some(Runtime::Tokio1))? })
    }

    async fn vote(&self, poll: &str, drink: Drink) -> Result<Tally, Unavailable> {
        let key = key(poll);
        let mut both = pipe();
        both.atomic().hincr(&key, name(drink), 1).ignore().hgetall(&key);
        self.ask::<(BTreeMap<String, u64>,)>(&both).await.map(|(votes,)| Tally::from(votes))
    }

    async fn tally(&self, poll: &str) -> Result<Tally, Unavailable> {
        let mut ask = pipe();
        ask.hgetall(key(poll));
        self.ask::<(BTreeMap<String, u64>,)>(&ask).await.map(|(votes,)| Tally::from(votes))
    }

    /// Runs the commands on a connection of the pool, which replaces a dead connection by a new one.
    async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, Unavailable> {
        let asked = timeout(Self::DEADLINE, async {
            let mut connection = self.pool.get().await.map_err(|error| error.to_string())?;
            commands.query_async(&mut connection).await.map_err(|error| error.to_string())
        });
        let result = asked.await.unwrap_or_else(|_| Err("it took too long".into()));
        result.map_err(|error| {
            tracing::warn!(error, "Redis did not answer");
            Unavailable
        })
    }
}

fn key(poll: &str) -> String {
    format!("poll:{poll}")
}

fn name(drink: Drink) -> &'static str {
    match drink {
        Drink::Coffee => "coffee",
        Drink::Tea => "tea",
        Drink::Water => "water",
    }
}

impl From<BTreeMap<String, u64>> for Tally {
    fn from(found: BTreeMap<String, u64>) -> Self {
        let drinks = [Drink::Coffee, Drink::Tea, Drink::Water];
        let votes: BTreeMap<_, _> =
            drinks.map(|drink| (drink, found.get(name(drink)).copied().unwrap_or(0))).into_iter().collect();
        let total = votes.values().sum();
        Self { votes, total }
    }
}

/// The polls in this Redis, and their page.
///
/// # Errors
/// If this is not an address of a Redis. Whether one runs there is not checked.
pub fn server(redis: &str) -> Result<Server<App>, CreatePoolError> {
    let server = channels![Poll].app(App { store: Store::new(redis)? });
    let page = page(include_str!("pages/polls.html"), client(&server.describe()));
    Ok(server.or(page))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let redis = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
    let bound = server(&redis).map_err(std::io::Error::other)?.bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
