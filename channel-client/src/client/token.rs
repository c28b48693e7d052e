//! Tokens, which the program has or fetches.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::engine::Why;

pub(super) type Fetched = Pin<Box<dyn Future<Output = Result<Option<String>, String>> + Send>>;

pub(super) type TokenSource = Arc<dyn Fn(Why) -> Fetched + Send + Sync>;

/// What a token function may return: text, an `Option` of it for a client without a token, or a `Result` of these. After an error the
/// client connects later.
pub trait IntoToken {
    /// The token. `None` for none.
    ///
    /// # Errors
    /// Why there can be none now.
    fn into_token(self) -> Result<Option<String>, String>;
}

impl IntoToken for String {
    fn into_token(self) -> Result<Option<String>, String> {
        Ok(Some(self))
    }
}

impl IntoToken for &str {
    fn into_token(self) -> Result<Option<String>, String> {
        Ok(Some(self.to_owned()))
    }
}

impl<T: IntoToken> IntoToken for Option<T> {
    fn into_token(self) -> Result<Option<String>, String> {
        self.map_or(Ok(None), IntoToken::into_token)
    }
}

impl<T: IntoToken, E: Display> IntoToken for Result<T, E> {
    fn into_token(self) -> Result<Option<String>, String> {
        self.map_err(|error| error.to_string())?.into_token()
    }
}

pub(super) fn source<F, T>(fetch: impl Fn(Why) -> F + Send + Sync + 'static) -> TokenSource
where
    F: Future<Output = T> + Send + 'static,
    T: IntoToken,
{
    Arc::new(move |why| {
        let fetched = fetch(why);
        Box::pin(async move { fetched.await.into_token() })
    })
}
