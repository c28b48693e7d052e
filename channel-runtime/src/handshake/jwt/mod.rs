//! JSON Web Tokens (RFC 7519) as extractors: signed claims, verified with the app's keys, in a type of the app's own.

mod keys;

use std::fmt;
use std::ops::Deref;
use std::time::SystemTime;

use serde::de::DeserializeOwned;

pub use self::keys::{InvalidJwtKey, JwtKey, JwtKeySet};
use crate::handshake::authenticate::{Auth, Authenticate};
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::handshake::{Extract, Handshake};

/// The claims of a JSON Web Token that was verified with the [keys](JwtKeys) of the app.
///
/// ```
/// use std::time::SystemTime;
/// use channel_runtime::{Jwt, JwtKey, JwtKeySet, JwtKeys, channel};
/// use serde::Deserialize;
///
/// pub struct App { keys: JwtKeySet }
///
/// impl JwtKeys for App {
///     fn jwt_keys(&self) -> &JwtKeySet { &self.keys }
/// }
///
/// #[derive(Deserialize)]
/// pub struct Claims { sub: String }
///
/// #[channel("/chat", app = App)]
/// pub struct Chat {
///     #[extract]
///     user: Jwt<Claims>,
/// }
///
/// #[channel]
/// impl Chat {
///     fn identity(&self) -> &String { &self.user.sub }
/// }
///
/// # fn app(secret: &[u8]) -> Result<App, channel_runtime::InvalidJwtKey> {
/// let keys = JwtKeySet::new([JwtKey::hs256(secret)?]).audience("chat").issuer("https://login.example");
/// # Ok(App { keys })
/// # }
/// ```
///
/// The token may stand wherever [`TokenSource::USUAL`](crate::TokenSource::USUAL) says. Without one the handshake is refused
/// with 401; a bad one is refused with 401 and one text, whatever is wrong with it, and what that is stands in the log, at
/// level `debug`. `Option<Jwt<..>>` is nothing without a token. An app that makes a user of the claims, asynchronously or from
/// other places, implements [`Authenticate`] for its user and calls [`JwtKeySet::verify`] there.
#[derive(Clone)]
pub struct Jwt<C> {
    /// What the token says, its registered claims too where `C` has fields for them.
    pub claims: C,
    expires_at: Option<SystemTime>,
}

impl<C> Jwt<C> {
    /// When the token is no longer accepted: its `exp` and the [leeway](JwtKeySet::leeway); nothing where it has no end.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

impl<C> Deref for Jwt<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

impl<C: fmt::Debug> fmt::Debug for Jwt<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claims, expires_at } = self;
        f.debug_struct("Jwt").field("claims", claims).field("expires_at", expires_at).finish()
    }
}

/// An app that knows the keys of its [`Jwt`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no keys for tokens",
    label = "not `JwtKeys`",
    note = "implement `JwtKeys` for `{Self}`: it gives out a `JwtKeySet`"
)]
pub trait JwtKeys {
    /// The keys.
    fn jwt_keys(&self) -> &JwtKeySet;
}

impl<App: JwtKeys + Sync, C: DeserializeOwned> Authenticate<App> for Jwt<C> {
    async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
        app.jwt_keys().verify(&token)
    }
}

impl<App: JwtKeys + Sync, C: DeserializeOwned> Extract<App> for Jwt<C> {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let Auth(jwt) = Auth::extract(handshake, app).await?;
        Ok(jwt)
    }
}
