//! Questions of the server in a test, and what its client answers.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde_json::{Value, json};

use super::client::Client;
use super::expectation::{Expectation, Failure};
use super::expected::{message_or_other, unexpected};
use crate::channel::{Channel, SentBy};
use crate::protocol::codec::Head;
use crate::protocol::envelope::{Envelope, Incoming, in_topic};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::protocol::question::Question;
use crate::wire::frame::Opcode;
use crate::wire::parser::Input;

/// A question of the server, for [`Client::answer`] or [`Client::decline`]; from [`Client::expect_question`]. It derefs to the message.
pub struct Asked<M> {
    message: M,
    reference: Ref,
}

impl<M> Deref for Asked<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

impl<M: fmt::Debug> fmt::Debug for Asked<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.message).finish()
    }
}

impl<C: Channel> Client<C> {
    /// The next message, which is the question `M`. In the default envelope a client is asked if it is
    /// [knowing](super::Connect::knowing), as every client of a channel with questions is that offers nothing else.
    ///
    /// ```
    /// # use channel_runtime::{AskError, Socket, channel, channels, message, testing};
    /// # use serde::{Deserialize, Serialize};
    /// #[message(type = "confirm", answer = Yes)]
    /// pub struct Confirm { pub text: String }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// pub struct Yes { pub yes: bool }
    ///
    /// #[message(type = "deleted")]
    /// pub struct Deleted { pub deleted: bool }
    ///
    /// pub struct Confirmed(Result<Yes, AskError>);
    ///
    /// #[channel("/desk")]
    /// pub struct Desk;
    ///
    /// #[channel(sends(Confirm, Deleted))]
    /// impl Desk {
    ///     #[message(type = "delete")]
    ///     fn delete(&self, socket: &Socket<Self>) {
    ///         socket.ask(Confirm { text: "all of it?".into() }).notify(Confirmed);
    ///     }
    ///
    ///     #[notice]
    ///     fn confirmed(&mut self, n: Confirmed) -> Deleted {
    ///         Deleted { deleted: n.0.is_ok_and(|answer| answer.yes) }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app = testing::app(channels![Desk].app(()));
    /// let mut client = app.connect::<Desk>("/desk").await.unwrap();
    /// client.send(DeskFromClient::Delete);
    /// let question = client.expect_question::<Confirm>().await;
    /// assert_eq!(question.text, "all of it?");
    /// client.answer(question, Yes { yes: true });
    /// assert!(client.expect::<Deleted>().await.deleted);
    /// # }
    /// ```
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_question<M: Question + SentBy<C>>(&mut self) -> Expectation<'_, Asked<M>> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Text(text)) => asked::<C, M>(&text),
                other => Err(unexpected(M::TYPE, other.as_ref())),
            }
        })
    }

    /// Answers a question: with what is read as its `answer = ..`, or, for a test of what happens then, with anything else.
    ///
    /// # Panics
    /// If it can't be written as JSON.
    #[track_caller]
    pub fn answer<M: Question>(&mut self, question: Asked<M>, answer: impl Serialize) {
        if C::READS_FLAT {
            let answer =
                serde_json::to_value(answer).unwrap_or_else(|error| panic!("the answer can't be sent: {error}"));
            return self.say(json!({ "type": "success", "data": answer }), &question.reference);
        }
        self.write_answer(&question.reference, |head, out| C::Envelope::success(Some((&answer, "")), head, out));
    }

    /// Answers a question with an error.
    ///
    /// # Panics
    /// If the channel's envelope has no place for one.
    #[track_caller]
    pub fn decline<M: Question>(&mut self, question: Asked<M>, fault: &Fault) {
        if C::READS_FLAT {
            let Fault { code, message, details, .. } = fault;
            let frame = json!({ "type": "error", "code": code, "message": message, "details": details });
            return self.say(frame, &question.reference);
        }
        self.write_answer(&question.reference, |head, out| C::Envelope::fault(fault, "", head, out));
    }

    fn say(&mut self, mut frame: Value, reference: &Ref) {
        frame["$ask"] = serde_json::to_value(reference).expect("a `ref` is JSON");
        self.send_text(&frame.to_string());
    }

    #[track_caller]
    fn write_answer<E: fmt::Display>(
        &mut self,
        reference: &Ref,
        write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), E>,
    ) {
        let mut json = Vec::new();
        let head = Head { reference: Some(reference), room: None };
        if let Err(error) = in_topic::<C::Envelope, _>(head, &self.path, |head| write(head, &mut json)) {
            panic!("the answer can't be sent: {error}");
        }
        self.frames.write(Opcode::Text, &json);
    }
}

fn asked<C: Channel, M: Question + SentBy<C>>(text: &str) -> Result<Asked<M>, Failure> {
    let other = || format!("expected the question {}, but this came: {text}", M::TYPE);
    let message = message_or_other::<C, M>(text)?.ok_or_else(other)?;
    let reference = if C::READS_FLAT {
        let frame: Value = serde_json::from_str(text).map_err(|_| other())?;
        frame["$ask"].as_i64().map(Ref::Number)
    } else {
        match C::Envelope::read(text) {
            Ok(Incoming::Message(message)) => message.reference,
            _ => None,
        }
    };
    Ok(Asked { message, reference: reference.ok_or_else(other)? })
}
