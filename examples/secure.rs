//! Who may connect: a token in the query or in the `Authorization` header, checked before the upgrade.
//!
//! Documents that several people write at once. A token (a JWT, signed with HS256) says who somebody is, a table of
//! grants which documents they may read and write. Without both, nobody gets as far as a connection.
//!
//! `cargo run --example secure`, open the printed address, and try every way to be refused.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use channel_runtime::{
    CloseCode, Extract, Fault, Handshake, Reject, Server, Socket, Token, channel, channels, message,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::http::StatusCode;

#[channel("/secure/:resource_id", app = App, room_state = Document)]
pub struct AuthenticatedChannel {
    pub resource_id: String,
    /// Made from the token before the upgrade: no handler ever runs without a user.
    #[extract]
    pub user: User,
}

/// Who the server thinks you are.
#[message(type = "welcome")]
pub struct Welcome {
    pub user: String,
    pub resource_id: String,
    pub may_write: bool,
    /// Seconds since 1970.
    pub expires_at: u64,
}

/// The document as it stands: when somebody connects, and after each change.
#[message(type = "document")]
#[derive(Clone, Default)]
pub struct Document {
    pub text: String,
    /// Nobody, as long as it is empty.
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

    /// The token was good. Is this document theirs to read?
    fn authorize(&self, app: &App) -> Result<(), Reject> {
        if !app.may(&self.user, Access::Read, &self.resource_id) {
            return Err(Reject::forbidden("Access denied"));
        }
        Ok(())
    }

    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        socket.send(Welcome {
            user: self.user.name.clone(),
            resource_id: self.resource_id.clone(),
            may_write: app.may(&self.user, Access::Write, &self.resource_id),
            expires_at: self.user.expires_at,
        });
        // Under the room's lock, so that no change falls between reading the document and sending it.
        socket.room().with(|document, _| {
            socket.send(document.clone());
        });
    }

    #[message]
    pub fn write(&mut self, write: Write, socket: &Socket<Self>, app: &App) -> Result<(), Fault> {
        if self.user.expires_at <= now() {
            // Nothing is sent after a close: its code and reason are the answer.
            socket.close(CloseCode::UNAUTHORIZED, "Token expired");
            return Err(Fault::new(Fault::UNAUTHORIZED, "Token expired"));
        }
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

/// Somebody with a valid token.
pub struct User {
    pub id: u64,
    pub name: String,
    /// Seconds since 1970.
    pub expires_at: u64,
}

impl Extract<App> for User {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        // Browsers can't set headers on a WebSocket, so the query is for them.
        let token = handshake.query_param("token").map(Token::new).or_else(|| handshake.bearer_token());
        app.user(token.ok_or(Reject::absent("No token provided"))?.expose())
    }
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    user_id: u64,
    /// When it expires, in seconds since 1970.
    exp: u64,
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Access {
    Read,
    Write,
}

/// Stands for the table of users.
const USERS: [(u64, &str); 3] = [(1, "ada"), (2, "ben"), (3, "eve")];

/// Stands for the table of grants. Who may write may also read.
const GRANTS: [(u64, &str, Access); 4] = [
    (1, "handbook", Access::Write),
    (1, "payroll", Access::Write),
    (2, "handbook", Access::Write),
    (3, "handbook", Access::Read),
];

pub struct App {
    secret: Vec<u8>,
}

impl App {
    /// An app that trusts tokens signed with this secret.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self { secret: secret.into() }
    }

    /// The user behind a token. What is wrong with a bad one is not for its bearer to know.
    fn user(&self, token: &str) -> Result<User, Reject> {
        let invalid = || Reject::unauthorized("Invalid token");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let Claims { user_id, exp } = jsonwebtoken::decode(token, &DecodingKey::from_secret(&self.secret), &validation)
            .map_err(|_| invalid())?
            .claims;
        let (id, name) = USERS.into_iter().find(|(id, _)| *id == user_id).ok_or_else(invalid)?;
        Ok(User { id, name: name.into(), expires_at: exp })
    }

    fn may(&self, user: &User, access: Access, resource_id: &str) -> bool {
        GRANTS.iter().any(|&(id, resource, granted)| id == user.id && resource == resource_id && access <= granted)
    }

    /// A token for this user, good until then.
    pub fn token(&self, user_id: u64, expires_at: u64) -> String {
        let claims = Claims { user_id, exp: expires_at };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&self.secret))
            .expect("HS256 signs any claims")
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// `POST /login` asks for no password: it is here so that the page has tokens to show.
#[derive(Deserialize)]
struct Login {
    user: String,
    /// In seconds, at most an hour; below zero for a token that has expired already.
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

/// The address of the channel asked without an upgrade: would I be let in, and if not, why?
///
/// Pages need it, for a browser hides the status of a refused WebSocket.
fn explain(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let request = warp::path!("secure" / String).and(warp::get()).and(query).and(warp::header::headers_cloned());
    request.then(move |resource_id, query, headers| {
        let app = app.clone();
        async move {
            let handshake = Handshake::new("/secure", query, headers);
            let allowed = match User::extract(&handshake, &app).await {
                Ok(user) => AuthenticatedChannel { resource_id, user }.authorize(&app),
                Err(reject) => Err(reject),
            };
            allowed.map(|()| "Welcome")
        }
    })
}

/// What is not a channel: the login, the explanation and the page.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let page = warp::path::end().map(|| warp::reply::html(include_str!("pages/secure.html")));
    login(app.clone()).or(explain(app)).or(page)
}

pub fn server(app: App) -> Server<App> {
    let app = Arc::new(app);
    channels![AuthenticatedChannel].app_arc(app.clone()).or(routes(app))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    // Without a secret of its own the server makes one up: its tokens then end with it.
    let made_up = || (0..4).flat_map(|n| RandomState::new().hash_one(n).to_ne_bytes()).collect();
    let secret = env::var("JWT_SECRET").map_or_else(|_| made_up(), String::into_bytes);
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());

    let bound = server(App::new(secret)).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
