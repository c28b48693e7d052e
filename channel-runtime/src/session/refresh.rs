//! Refresh: a connected client sends `$auth` with a new token. The handler decides on it, then for each room of the client.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::channel::room::Room;
use crate::handshake::token::Token;
use crate::protocol::codec::DecodeError;
use crate::protocol::fault::Fault;
use crate::room::member::Member;
use crate::session::dispatch::{Dispatch, user_of};
use crate::session::expiry::Expiry;
use crate::socket::Socket;
use crate::socket::reply::{self, Flow};
use crate::wire::close::CloseCode;

const AUTH: &str = "$auth";

/// Finds `$auth` anywhere, with escapes or without, even if the text can't be decoded: it may hold a secret.
pub(crate) fn may_hold_token(text: &str) -> bool {
    text.contains(AUTH) || (text.contains('\\') && unescaped(text).contains(AUTH))
}

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
            // The escaped character does not begin another escape.
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

pub(crate) struct AuthRefresh(Result<Token, DecodeError>);

pub(crate) fn auth_refresh<C: Dispatch>(text: &str, error: &DecodeError) -> Option<AuthRefresh> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    match error {
        DecodeError::UnknownType { kind } if C::REFRESHES && kind == AUTH => {}
        _ => return None,
    }
    // What stands in the token's place may be a secret, too.
    let invalid = |error: serde_json::Error| DecodeError::InvalidPayload {
        kind: AUTH.into(),
        path: "token".into(),
        reason: "a token is a string".into(),
        line: error.line(),
        column: error.column(),
    };
    Some(AuthRefresh(serde_json::from_str(text).map(|Auth { token }| Token::new(token)).map_err(invalid)))
}

/// The connection lasts longer only once all is decided: if a hook panics or takes too long, it expires as before.
pub(crate) async fn refresh<C: Dispatch>(
    handler: &mut C,
    request: AuthRefresh,
    socket: &Socket<C>,
    app: &Arc<C::App>,
    expiry: &mut Option<Expiry>,
    warning: Duration,
) -> Flow {
    let token = match request.0 {
        Ok(token) => token,
        Err(error) => {
            socket.counters().invalid.add(1);
            return handler.invalid(error, socket, app).await;
        }
    };
    if let Err(fault) = handler.refreshed(token, socket, app).await {
        return reply::fault(socket, fault);
    }
    let connection = socket.member();
    // The registry has the connection by its user, limits count it so, and others have seen this user.
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
    *expiry = Expiry::watch(expires_at, &socket.node().clock, connection, Some(warning));
    match expires_at {
        Some(end) if socket.awaits_answer() => {
            let left = u64::try_from(socket.node().clock.time_left(end).as_millis()).unwrap_or(u64::MAX);
            socket.answer_success(&json!({ "expires_in_ms": left }));
        }
        _ => socket.answer_nothing(),
    }
    Flow::Continue
}

fn joined(connection: &Member) -> Vec<Arc<str>> {
    connection.apart.joined.lock().rooms().iter().map(|room| Arc::clone(room.name())).collect()
}

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
            (r#"{"type":"\u0024auth","token":"hush""#, true),
            (r#"{"type":"\u0024auth","type":"other","token":"hush"}"#, true),
            (r#"{"type":"\u0024auth","token":"hush"}}"#, true),
            (r#"{"type":"$au\u0074h","token":"hush\"#, true),
            (r#"{"type":"$auth"#, true),
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
