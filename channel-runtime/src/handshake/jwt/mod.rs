//! JSON Web Tokens (RFC 7519) as extractors: claims that are verified with the app's keys and read into a type of the app.

mod claims;
mod keys;

use serde::de::DeserializeOwned;

pub use self::claims::Jwt;
pub use self::keys::{InvalidJwtKey, JwtKey, JwtKeySet};
use crate::handshake::authenticate::{Auth, Authenticate};
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::handshake::{Extract, Handshake};
use crate::protocol::describe::Needs;

/// An app that has the keys of its [`Jwt`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no keys for tokens",
    label = "not `JwtKeys`",
    note = "implement `JwtKeys` for `{Self}`: it gives out a `JwtKeySet`"
)]
pub trait JwtKeys {
    /// Returns the keys.
    fn jwt_keys(&self) -> &JwtKeySet;
}

impl<App: JwtKeys + Sync, C: DeserializeOwned> Authenticate<App> for Jwt<C> {
    async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
        app.jwt_keys().verify(&token)
    }
}

impl<App: JwtKeys + Sync, C: DeserializeOwned> Extract<App> for Jwt<C> {
    const NEEDS: Needs = <Auth<Self> as Extract<App>>::NEEDS;

    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let Auth(jwt) = Auth::extract(handshake, app).await?;
        Ok(jwt)
    }
}
