//! What a program answers to the server's questions of one type.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use channel_runtime::{Answered, Fault, Protocol, Question};
use serde::Serialize;

type Answering = Pin<Box<dyn Future<Output = Result<String, Fault>> + Send>>;

/// Takes the text of a question, and returns the answer as JSON.
pub(super) type Answerer = Arc<dyn Fn(String) -> Answering + Send + Sync>;

pub(super) fn answerer<C, M, F, A>(answer: F) -> Answerer
where
    C: Protocol,
    M: Question<Answer: Serialize> + Answered<C, Answer = M>,
    F: Fn(M) -> A + Send + Sync + 'static,
    A: Future<Output = Result<<M as Question>::Answer, Fault>> + Send + 'static,
{
    Arc::new(move |text| {
        let answered = <M as Answered<C>>::read(&text).map(&answer);
        Box::pin(async move {
            let answer = answered?.await?;
            serde_json::to_string(&answer).map_err(|error| Fault::new(Fault::INTERNAL, error.to_string()))
        })
    })
}
