//! Authority that is renewed while a connection lasts: a client says `$auth` with a new token, the handler decides, and then
//! again for each room that it is in.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::channel::room::Room;
use crate::handshake::token::Token;
use crate::protocol::codec::DecodeError;
use crate::protocol::fault::Fault;
use crate::room::member::Connection;
use crate::session::dispatch::{Dispatch, user_of};
use crate::session::expiry::Expiry;
use crate::socket::Socket;
use crate::socket::reply::{self, Flow};
use crate::wire::close::CloseCode;

/// What a client says who has a new token: `{"type":"$auth","ref":..,"token":".."}`.
const AUTH: &str = "$auth";

/// Whether a text says `$auth` anywhere, with escapes or without, and whether or not it can be read as a message: what is in it may
/// be a secret then.
pub(crate) fn may_hold_token(text: &str) -> bool {
    text.contains(AUTH) || (text.contains('\\') && unescaped(text).contains(AUTH))
}

/// A JSON text with the escapes of its strings taken off, as far as they are ones of ASCII characters.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = behind.strip_prefix('u').and_then(|behind| u8::from_str_radix(behind.get(..4)?, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                plain.push(code.into());
                rest = &behind[5..];
            }
            // What it escapes is no beginning of another escape.
            None => {
                plain.push('\\');
                let mut chars = behind.chars();
                plain.extend(chars.next());
                rest = chars.as_str();
            }
        }
    }
    plain + rest
}

/// The token in a message that the channel does not know, where it is one of ours.
pub(crate) fn token_in(text: &str, error: &DecodeError) -> Option<Result<Token, DecodeError>> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    match error {
        DecodeError::UnknownType { kind } if kind == AUTH => {}
        _ => return None,
    }
    // What stands there instead may be a secret too, and is not repeated.
    let invalid = |error: serde_json::Error| DecodeError::InvalidPayload {
        kind: AUTH.into(),
        path: "token".into(),
        reason: "a token is a string".into(),
        line: error.line(),
        column: error.column(),
    };
    Some(serde_json::from_str(text).map(|Auth { token }| Token::new(token)).map_err(invalid))
}

/// Lets the handler judge a new token. Only when all is decided does the connection last longer: where a hook panics or takes
/// too long, its end is the old one.
pub(crate) async fn refresh<C: Dispatch>(
    handler: &mut C,
    token: Result<Token, DecodeError>,
    socket: &Socket<C>,
    app: &Arc<C::App>,
    expiry: &mut Option<Expiry>,
    warning: Duration,
) -> Flow {
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            socket.counters().invalid.add(1);
            return handler.invalid(error, socket, app).await;
        }
    };
    if let Err(fault) = handler.refreshed(token, socket, app).await {
        return reply::fault(socket, fault);
    }
    let connection = socket.connection();
    // It is found by its user, who is counted, and others have decided by whom they saw.
    if user_of(handler) != connection.user {
        return end(socket, &Fault::forbidden("a connection stays its user's"));
    }
    if let Err(fault) = handler.reauthorized(Room::of_key(Arc::clone(connection.own_room.name())), socket, app).await {
        return end(socket, &fault);
    }
    for name in joined(connection) {
        if let Err(fault) = handler.reauthorized(Room::of_key(Arc::clone(&name)), socket, app).await {
            socket.node().registry.leave(connection, &name);
            socket.send_fault_of(&name, &fault);
        }
    }
    let expires_at = handler.expires();
    *expiry = Expiry::watch(expires_at, &socket.node().clock, connection, warning);
    match expires_at {
        Some(end) if socket.awaits_answer() => {
            let left = u64::try_from(socket.node().clock.time_left(end).as_millis()).unwrap_or(u64::MAX);
            socket.answer_success(&json!({ "expires_in_ms": left }));
        }
        _ => socket.answer_nothing(),
    }
    Flow::Continue
}

/// The names of the declared rooms that it is in now.
fn joined(connection: &Connection) -> Vec<Arc<str>> {
    connection.apart.joined.lock().rooms().iter().map(|room| Arc::clone(room.name())).collect()
}

/// The client may not stay.
fn end<C: Dispatch>(socket: &Socket<C>, fault: &Fault) -> Flow {
    socket.answer_fault(fault);
    let code = fault.own_close_code().unwrap_or(CloseCode::FORBIDDEN);
    socket.close(code, &fault.message);
    Flow::Failed(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_say_auth_may_hold_a_token() {
        for (text, may) in [
            (r#"{"type":"$auth","token":"hush"}"#, true),
            (r#"{"type":"\u0024auth","token":"hush"}"#, true),
            (r#"{"type":"\u0024\u0061\u0075\u0074\u0068","token":"hush"}"#, true),
            (r#"{"type":"$\u0061\u0055auth"#, false),
            // What can't be read, for it is cut, doubled or followed by something.
            (r#"{"type":"\u0024auth","token":"hush""#, true),
            (r#"{"type":"\u0024auth","type":"other","token":"hush"}"#, true),
            (r#"{"type":"\u0024auth","token":"hush"}}"#, true),
            (r#"{"type":"$au\u0074h","token":"hush\"#, true),
            (r#"{"type":"$auth"#, true),
            // An escaped backslash, and what stands behind it.
            (r#"{"type":"\\u0024auth"}"#, false),
            (r#"{"type":"say","text":"a\nb\"c\u00e4\ud83e"}"#, false),
            (r"\u002", false),
            (r"\u00e4\", false),
            ("\\u00\u{e9}4auth", false),
        ] {
            assert_eq!(may_hold_token(text), may, "{text}");
        }
    }
}
