//! Authentication and authorization: who may connect, for how long, and how a page learns why it was refused.
//!
//! The documents can be edited by several users at once. A token (a JWT, signed with HS256) identifies the user, and a table of
//! grants lists the documents that a user may read and write. Without both there is no connection. If the token expires and is not
//! renewed, the connection is closed.
//!
//! Run `cargo run --example secure`, open the printed address, and try every way to be refused. Behind a proxy, set its network:
//! `PROXY=10.0.0.0/8`.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channel_runtime::{
    Auth, Authenticate, Config, Fault, InvalidJwtKey, InvalidProxy, JwtKey, JwtKeySet, Proxies, Reject, Room, Server,
    Socket, Token, channel, channels, message,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::http::StatusCode;

use self::client::client;
use self::page::page;

#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: a document replaces the one before, and who connects is sent it, as far as its rights go today.
#[channel("/secure/:resource_id", app = App, room_state = Document)]
pub struct AuthenticatedChannel {
    pub resource_id: String,
    /// Made from the token before the upgrade, so no handler ever runs without a user.
    #[extract]
    pub user: Auth<User>,
}

/// The client's user and rights, as the server sees them.
#[message(type = "welcome")]
pub struct Welcome {
    pub user: String,
    pub resource_id: String,
    pub may_write: bool,
    /// Seconds since 1970.
    pub expires_at: Option<u64>,
}

/// The current document: sent when a client connects, and after each change.
#[message(type = "document")]
#[derive(Clone, Default)]
pub struct Document {
    pub text: String,
    /// `None` until somebody has written.
    pub written_by: Option<String>,
}

#[message(type = "write")]
pub struct Write {
    pub text: String,
}

#[channel(sends(Welcome, Document))]
impl AuthenticatedChannel {
    /// The longest document, in bytes.
    const MAX_LEN: usize = 4000;

    /// The token is valid. May this user read the document?
    fn authorize(&self, app: &App) -> Result<(), Reject> {
        if !app.may(&self.user, Access::Read, &self.resource_id) {
            return Err(Reject::forbidden("access denied"));
        }
        Ok(())
    }

    fn identity(&self) -> u64 {
        self.user.id
    }

    /// The client receives `$auth_expiring` some time before, and is closed with 4401 at that time.
    fn expires_at(&self) -> Option<SystemTime> {
        self.user.expires_at
    }

    /// The client has sent `$auth` with a new token.
    async fn on_refresh(&mut self, token: Token, app: &App) -> Result<(), Reject> {
        self.user = Auth::from_token(token, app).await?;
        Ok(())
    }

    /// The new token is valid. May this user still read the document?
    fn on_reauthorize(&mut self, _: Room<Self>, app: &App) -> bool {
        app.may(&self.user, Access::Read, &self.resource_id)
    }

    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        socket.send(Welcome {
            user: self.user.name.clone(),
            resource_id: self.resource_id.clone(),
            may_write: app.may(&self.user, Access::Write, &self.resource_id),
            expires_at: self.user.expires_at.map(seconds),
        });
        // Under the room's lock, so that the document can't change between reading and sending it.
        socket.room().with(|document, _| {
            socket.send(document.clone());
        });
    }

    #[message]
    pub fn write(&mut self, write: Write, socket: &Socket<Self>, app: &App) -> Result<(), Fault> {
        if !app.may(&self.user, Access::Write, &self.resource_id) {
            return Err(Fault::forbidden("You may read this document, but not write it"));
        }
        if write.text.len() > Self::MAX_LEN {
            return Err(Fault::validation("Document too long"));
        }
        socket.room().with(|document, room| {
            *document = Document { text: write.text, written_by: Some(self.user.name.clone()) };
            room.send(document.clone());
        });
        Ok(())
    }
}

/// A user with a valid token.
pub struct User {
    pub id: u64,
    pub name: String,
    pub expires_at: Option<SystemTime>,
}

/// `Auth<User>` reads the token from the header, the subprotocols, a cookie or the query.
impl Authenticate<App> for User {
    async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
        let jwt = app.keys.verify::<Claims>(&token)?;
        let user = USERS.into_iter().find(|(id, _)| *id == jwt.user_id);
        // The client does not learn what is wrong with a bad token.
        let (id, name) = user.ok_or(Reject::unauthorized("invalid token"))?;
        Ok(User { id, name: name.into(), expires_at: jwt.expires_at() })
    }
}

/// The claims of a token. `verify` reads its expiry time itself: seconds since 1970, with or without a fraction.
#[derive(Deserialize)]
struct Claims {
    user_id: u64,
}

#[derive(Serialize)]
struct Signed {
    user_id: u64,
    exp: u64,
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Access {
    Read,
    Write,
}

/// Stands in for a table of users.
const USERS: [(u64, &str); 3] = [(1, "ada"), (2, "ben"), (3, "eve")];

/// Stands in for a table of grants. The right to write includes the right to read.
const GRANTS: [(u64, &str, Access); 4] = [
    (1, "handbook", Access::Write),
    (1, "payroll", Access::Write),
    (2, "handbook", Access::Write),
    (3, "handbook", Access::Read),
];

pub struct App {
    keys: JwtKeySet,
    /// Signs the tokens that `keys` verifies.
    signs: EncodingKey,
    grants: Mutex<Vec<(u64, &'static str, Access)>>,
}

impl App {
    /// An app that accepts tokens signed with this secret, which has at least 32 bytes.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, InvalidJwtKey> {
        let key = JwtKey::hs256(&secret)?;
        Ok(Self {
            keys: JwtKeySet::new([key]).leeway(Duration::ZERO),
            signs: EncodingKey::from_secret(secret.as_ref()),
            grants: Mutex::new(GRANTS.to_vec()),
        })
    }

    fn may(&self, user: &User, access: Access, resource_id: &str) -> bool {
        let grants = self.grants.lock().expect("nobody panics with the grants");
        grants.iter().any(|&(id, resource, granted)| id == user.id && resource == resource_id && access <= granted)
    }

    /// Revokes a right. An open connection may stay until its token is renewed.
    pub fn revoke(&self, user_id: u64, resource_id: &str) {
        let mut grants = self.grants.lock().expect("nobody panics with the grants");
        grants.retain(|&(id, resource, _)| id != user_id || resource != resource_id);
    }

    /// A token for this user, valid until `expires_at`.
    pub fn token(&self, user_id: u64, expires_at: u64) -> String {
        let claims = Signed { user_id, exp: expires_at };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signs).expect("HS256 signs any claims")
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The body of `POST /login`, which asks for no password: it exists so that the page can try tokens.
#[derive(Deserialize)]
struct Login {
    user: String,
    /// In seconds, at most an hour; negative for a token that has already expired.
    lifetime: i64,
}

fn login(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let body = warp::body::content_length_limit(1024).and(warp::body::json());
    warp::path!("login").and(warp::post()).and(body).map(move |login: Login| {
        match USERS.into_iter().find(|(_, name)| *name == login.user) {
            Some((id, _)) => {
                let expires_at = now().saturating_add_signed(login.lifetime.clamp(-3600, 3600));
                warp::reply::with_status(app.token(id, expires_at), StatusCode::OK)
            }
            None => warp::reply::with_status("No such user".into(), StatusCode::NOT_FOUND),
        }
    })
}

/// The body of `POST /revoke`, which asks for no password either.
#[derive(Deserialize)]
struct Revoke {
    user: String,
    resource_id: String,
}

fn revoke(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let body = warp::body::content_length_limit(1024).and(warp::body::json());
    warp::path!("revoke").and(warp::post()).and(body).map(move |revoke: Revoke| {
        if let Some((id, _)) = USERS.into_iter().find(|(_, name)| *name == revoke.user) {
            app.revoke(id, &revoke.resource_id);
        }
        StatusCode::NO_CONTENT
    })
}

/// The routes beside the channel: the login and the rights.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    login(app.clone()).or(revoke(app))
}

pub fn server(app: impl Into<Arc<App>>) -> Server<App> {
    let app = app.into();
    let server = channels![AuthenticatedChannel].app_arc(app.clone());
    let page = page(include_str!("pages/secure.html"), client(&server.describe()));
    server.or(routes(app).or(page))
}

/// Accepts pages of the server's own host only, and trusts the proxy that `PROXY` names.
fn config() -> Result<Config, InvalidProxy> {
    Ok(match env::var("PROXY") {
        Ok(network) => Config::default().proxies(Proxies::x_forwarded([network])?).connections_per_ip(100),
        Err(_) => Config::default(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    // Without `JWT_SECRET` the server makes up a secret: its tokens are then invalid after a restart.
    let made_up = || (0..4).flat_map(|n| RandomState::new().hash_one(n).to_ne_bytes()).collect();
    let secret = env::var("JWT_SECRET").map_or_else(|_| made_up(), String::into_bytes);
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());

    let bound = server(App::new(secret)?).config(config()?).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    Ok(bound.run().await?)
}
