//! The verified claims of a JSON Web Token.

use std::fmt;
use std::ops::Deref;
use std::time::SystemTime;

/// The claims of a JSON Web Token that was verified with the [keys](crate::JwtKeys) of the app.
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
/// The token may be in any place of [`TokenSource::USUAL`](crate::TokenSource::USUAL). Without a token the handshake is rejected
/// with 401; `Option<Jwt<..>>` is `None` then. An invalid token is rejected with 401 too, always with the same text; the reason is
/// logged at level `debug`. To make a user from the claims, asynchronously or from other sources, an app implements
/// [`Authenticate`](crate::Authenticate) for its user type and calls [`JwtKeySet::verify`](crate::JwtKeySet::verify) there.
#[derive(Clone)]
pub struct Jwt<C> {
    /// The token's claims, with the registered ones that `C` has fields for.
    pub claims: C,
    pub(super) expires_at: Option<SystemTime>,
}

impl<C> Jwt<C> {
    /// When the token is no longer accepted: its `exp` plus the [leeway](crate::JwtKeySet::leeway). `None` if it never expires.
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
