//! What is never written down: whatever a client's secret is, and wherever it stands, no line of the log has it. The whole
//! process is listened to, libraries included, at every level.

mod support;

use std::fmt::{self, Write as _};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use channel_runtime::{
    Auth, Authenticate, Config, Fault, Jwt, JwtKey, JwtKeySet, JwtKeys, Reject, Token, channel, channels, message,
};
use serde_json::Value;
use support::{start, text, upgrade};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SECRET: &str = "s3cret";

static LOG: LazyLock<Mutex<String>> = LazyLock::new(Mutex::default);

/// Writes down all that is told.
struct Everything;

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        writeln!(self.0, "{field}: {value:?}").unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut LOG.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut LOG.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut LOG.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

pub struct App {
    keys: JwtKeySet,
}

impl JwtKeys for App {
    fn jwt_keys(&self) -> &JwtKeySet {
        &self.keys
    }
}

pub struct User;

impl Authenticate<App> for User {
    async fn authenticate(token: Token, _: &App) -> Result<Self, Reject> {
        assert!(token.expose().contains(SECRET));
        match token.expose().strip_suffix(SECRET) {
            Some("bad-") => Err(Reject::unauthorized("invalid token")),
            Some("broken-") => Err(Reject::internal("the store of tokens is gone")),
            Some("cursed-") => panic!("a token that panics"),
            Some("slow-") => std::future::pending().await,
            _ => Ok(Self),
        }
    }
}

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[channel("/members", app = App)]
pub struct Members {
    #[extract]
    _user: Auth<User>,
}

#[channel]
impl Members {
    fn expires_at(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(3600)
    }

    async fn on_refresh(&mut self, token: Token, app: &App) -> Result<(), Reject> {
        self._user = Auth::from_token(token, app).await?;
        Ok(())
    }

    #[message]
    fn say(&mut self, say: Say) -> Result<(), Fault> {
        if say.text.is_empty() { Ok(()) } else { Err(Fault::internal("nothing can be said now")) }
    }
}

#[channel("/signed", app = App)]
pub struct Signed {
    #[extract]
    _claims: Jwt<Value>,
}

#[channel]
impl Signed {}

#[tokio::test]
async fn no_secret_of_a_client_is_ever_logged() {
    tracing::subscriber::set_global_default(Everything).expect("this is the only test of its program");
    // The panic's own message is printed, and has nothing of the client's.
    let keys = JwtKeySet::new([JwtKey::hs256("thirty-two bytes of the server's own").unwrap()]);
    let config = Config::default().handshake_timeout(Duration::from_millis(50));
    let server = start(channels![Members, Signed].app(App { keys }).config(config)).await;

    for kind in ["", "bad-", "broken-", "cursed-", "slow-"] {
        let token = format!("{kind}{SECRET}");
        for path in ["/members", "/signed", "/nowhere"] {
            for (query, header) in [
                (String::new(), format!("Authorization: Bearer {token}")),
                (String::new(), format!("Cookie: token={token}")),
                (String::new(), format!("Sec-WebSocket-Protocol: channels.1.json, channels.token.{token}")),
                (String::new(), format!("Sec-WebSocket-Protocol: channels.token.{token}")),
                (String::new(), format!("Authorization: Bearer {token}\r\nOrigin: https://evil.example")),
                (String::new(), format!("Authorization: Bearer {token}\r\nSec-WebSocket-Version: 8")),
                (format!("?token={token}"), "X-Nothing: 1".into()),
            ] {
                let request = upgrade(&format!("{path}{query}")).replacen("\r\n", &format!("\r\n{header}\r\n"), 1);
                server.connect().await.request(&request).await;
            }
        }
    }

    let request = upgrade(&format!("/members?token={SECRET}"));
    for said in [
        format!(r#"{{"type":"$auth","ref":1,"token":"{SECRET}"}}"#),
        format!(r#"{{"type":"$auth","ref":1,"token":"bad-{SECRET}"}}"#),
        format!(r#"{{"type":"$auth","ref":1,"token":["{SECRET}"]}}"#),
        format!(r#"{{"type":"$auth","ref":1,"token":"cursed-{SECRET}"}}"#),
        format!(r#"{{"type":"say","ref":1,"text":"{SECRET}"}}"#),
        format!(r#"{{"type":"say","ref":1,"text":["{SECRET}"]}}"#),
        format!(r#"{{"type":"{SECRET}","ref":1}}"#),
        format!(r#"{{"ref":1,"{SECRET}"#),
    ] {
        let mut raw = server.connect().await;
        assert_eq!(raw.request(&request).await.status, 101);
        raw.write(text(&said)).await;
        raw.frame().await.expect("an answer");
        raw.write(support::close(1000, SECRET)).await;
        while raw.frame().await.is_some() {}
    }
    drop(server);

    let log = LOG.lock().unwrap();
    for told in
        ["a handshake failed", "a handshake took too long", "a page was refused", "a token was refused", "panicked"]
    {
        assert!(log.contains(told), "the log has nothing of `{told}`: {log}");
    }
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(SECRET)).collect();
    assert!(lines.is_empty(), "{lines:#?}");
}
