//! Authentication by tokens: the places where a client can send a token, and what an app makes of it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;

use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::handshake::{Extract, Handshake};
use crate::protocol::describe::Needs;

/// The place of a token in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenSource {
    /// The header `Authorization: Bearer ..`. Browsers can't set it; all other clients can.
    Bearer,
    /// The offered subprotocols, as `channels.token.` and the token: see [`Handshake::subprotocol_token`]. Beside the cookie,
    /// this is the only place outside of the URL where a page can put a token.
    Subprotocol,
    /// The cookie of this name. A browser sends it for every page that connects, so the [`Origins`](crate::Origins) are what keeps
    /// other sites' pages from using it.
    Cookie(&'static str),
    /// The query parameter of this name. URLs appear in the logs of proxies and in browser histories, so this is only for tokens
    /// that are valid once, or for a minute.
    Query(&'static str),
}

impl TokenSource {
    /// All places, in the order in which they are read: the header, the subprotocols, the cookie `token`, the query parameter
    /// `token`.
    pub const USUAL: &'static [Self] = &[Self::Bearer, Self::Subprotocol, Self::Cookie("token"), Self::Query("token")];

    /// The token in this place. `None` if there is none, or it is empty. In a token that is not UTF-8, invalid bytes become U+FFFD:
    /// it is then rejected, and no other place is read.
    pub fn token(self, handshake: &Handshake) -> Option<Token> {
        let token = match self {
            Self::Bearer => handshake.bearer_token(),
            Self::Subprotocol => handshake.subprotocol_token(),
            Self::Cookie(name) => handshake.cookie_token(name),
            Self::Query(name) => handshake.query_token(name),
        };
        token.filter(|token| !token.expose().is_empty())
    }
}

/// A type that a token is turned into: a user, a session, a device. The app defines what its tokens mean, and [`Auth`] finds them.
///
/// ```
/// use channel_runtime::{Auth, Authenticate, Reject, Token, channel};
///
/// pub struct App { secret: String }
///
/// pub struct Operator;
///
/// impl Authenticate<App> for Operator {
///     async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
///         if token.matches(&app.secret) { Ok(Self) } else { Err(Reject::unauthorized("invalid token")) }
///     }
/// }
///
/// #[channel("/console", app = App)]
/// pub struct Console {
///     #[extract]
///     operator: Auth<Operator>,
/// }
/// # #[channel] impl Console {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a token for an app of type `{App}`",
    label = "no `Authenticate<{App}>`",
    note = "implement `Authenticate<{App}>` for `{Self}`"
)]
pub trait Authenticate<App>: Sized {
    /// The places of its tokens, in the order in which they are read. The first token counts: if it is invalid, the other places
    /// are not tried.
    const SOURCES: &'static [TokenSource] = TokenSource::USUAL;

    /// Turns the token into the value. Use one text for all invalid tokens, because their bearer should not learn what is wrong.
    ///
    /// # Errors
    /// How the handshake is rejected: [`Reject::unauthorized`] for an invalid token.
    fn authenticate(token: Token, app: &App) -> impl Future<Output = Result<Self, Reject>> + Send;
}

/// Extracts the value of a token; see [`Authenticate`].
///
/// Without a token the handshake is rejected with 401. `Option<Auth<T>>` is `None` then, and still rejects an invalid token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Auth<T>(pub T);

impl<T> Auth<T> {
    /// Makes the value from a token of another source, such as in `on_refresh`.
    ///
    /// # Errors
    /// As for [`Authenticate::authenticate`].
    pub async fn from_token<App: Sync>(token: Token, app: &App) -> Result<Self, Reject>
    where
        T: Authenticate<App>,
    {
        T::authenticate(token, app).await.map(Self)
    }
}

impl<App: Sync, T: Authenticate<App>> Extract<App> for Auth<T> {
    const NEEDS: Needs = needs(T::SOURCES);

    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let token = T::SOURCES.iter().find_map(|source| source.token(handshake));
        Self::from_token(token.ok_or_else(|| Reject::absent("a token is needed"))?, app).await
    }
}

/// A client that was not told otherwise offers its token as a subprotocol. A browser sends cookies by itself.
const fn needs(sources: &[TokenSource]) -> Needs {
    let mut needs = Needs::NOTHING;
    let mut at = sources.len();
    while at > 0 {
        at -= 1;
        match sources[at] {
            TokenSource::Subprotocol => return Needs::TOKEN,
            TokenSource::Query(name) => needs = Needs::query(name),
            TokenSource::Bearer => needs = Needs::header("authorization"),
            TokenSource::Cookie(_) => {}
        }
    }
    needs
}

impl<T> Deref for Auth<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Auth<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_of_a_place_that_it_can_use() {
        use TokenSource::{Bearer, Cookie, Query, Subprotocol};

        for (sources, expected) in [
            (TokenSource::USUAL, "Token"),
            (&[Query("key"), Subprotocol], "Token"),
            (&[Cookie("id"), Query("key"), Bearer], "Query(\"key\")"),
            (&[Bearer, Cookie("id"), Query("key")], "Header(\"authorization\")"),
            (&[Cookie("id")], "All([])"),
        ] {
            let Needs { of, is_optional } = needs(sources);
            assert_eq!((format!("{of:?}"), is_optional), (expected.to_owned(), false), "{sources:?}");
        }
    }
}
