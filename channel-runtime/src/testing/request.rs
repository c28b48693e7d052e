//! A message with a `ref` in a test, and its one answer.

use std::collections::VecDeque;
use std::fmt;

use serde_json::{Value, json};

use super::client::Client;
use super::expectation::{Expectation, Failure};
use super::expected::{fault, message, read, success, unexpected};
use crate::channel::{Channel, SentBy};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::wire::parser::Input;

impl<C: Channel> Client<C> {
    /// Sends a message with a `ref` of its own, for its one answer.
    ///
    /// # Panics
    /// If it can't be written as JSON.
    #[track_caller]
    pub fn request(&mut self, message: impl Into<C::FromClient>) -> Request<'_, C> {
        let reference = self.next_ref();
        self.send_message(message.into(), Some(&reference));
        Request::new(self, reference)
    }

    /// Sends `$auth` with a new token, which `on_refresh` checks. Its answer is a `success`, with `expires_in_ms` if the token
    /// expires, or an error.
    pub fn refresh(&mut self, token: &str) -> Request<'_, C> {
        let reference = self.next_ref();
        self.send_text(&json!({ "type": "$auth", "ref": reference, "token": token }).to_string());
        Request::new(self, reference)
    }
}

/// A message with a `ref`, which has one answer. Messages that are received before the answer are left for `expect`.
#[must_use = "ask for its answer"]
pub struct Request<'a, C: Channel> {
    client: &'a mut Client<C>,
    reference: Ref,
}

impl<'a, C: Channel> Request<'a, C> {
    pub(super) fn new(client: &'a mut Client<C>, reference: Ref) -> Self {
        Self { client, reference }
    }

    /// The answer, which is an `M`. A binary message has no `ref` and is never this answer: ask for [`success`](Self::success), and
    /// then for the message by [`Client::expect`].
    ///
    /// # Panics
    /// If it is something else, or there is none.
    #[track_caller]
    pub fn reply<M: SentBy<C>>(self) -> Expectation<'a, M> {
        Expectation::new(async {
            let answer = self.answer(M::TYPE).await.and_then(|answer| message::<C, M>(&answer));
            answer.map_err(|failure| match M::KIND {
                Some(_) => format!(
                    "{failure}\na binary message has no ref: ask for `.success()`, and then for the message by `.expect()`"
                ),
                None => failure,
            })
        })
    }

    /// The answer, which is a `success`: its data, or null.
    ///
    /// # Panics
    /// If it is something else, or there is none.
    #[track_caller]
    pub fn success(self) -> Expectation<'a, Value> {
        Expectation::new(async { success::<C>(&self.answer("success").await?) })
    }

    /// The answer, which is an error with this code.
    ///
    /// # Panics
    /// If it is something else, or there is none.
    #[track_caller]
    pub fn error(self, code: &str) -> Expectation<'a, Fault> {
        let code = code.to_owned();
        Expectation::new(async move { fault::<C>(&self.answer("error").await?, &code) })
    }

    async fn answer(self, expected: &str) -> Result<String, Failure> {
        let mut others = VecDeque::new();
        let answer = loop {
            match self.client.frames.next_untaken().await? {
                Some(Input::Text(text))
                    if read::<C>(&text).is_ok_and(|read| read.reference.as_ref() == Some(&self.reference)) =>
                {
                    break Some(text);
                }
                Some(other) => others.push_back(other),
                None => break None,
            }
        };
        let frames = &mut self.client.frames;
        frames.put_back(others);
        answer.ok_or_else(|| {
            let what = format!("an answer with ref {}: {expected}", self.reference);
            unexpected(&what, frames.received().front())
        })
    }
}

impl<C: Channel> fmt::Debug for Request<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.reference).finish()
    }
}
