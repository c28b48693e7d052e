//! The operators' port itself: what each of its endpoints does, whatever a request came by.

use std::sync::Arc;

use base64::prelude::*;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::connection::contained::contain;
use crate::connection::shutdown::Shutdown;
use crate::protocol::fault::Fault;
use crate::server::health::Health;
use crate::server::health_numbers;
use crate::server::ops::answer::{Answer, Published, Refusal};
use crate::server::ops::erased::{Content, ErasedChannel};
use crate::server::ops::failures::Failures;
use crate::server::ops::page::Page;
use crate::server::ops::publications::Publications;
use crate::server::ops::request::{Audience, Channels, Name, Request};
use crate::server::ops::token::Grant;
use crate::server::readiness::Readiness;
use crate::socket::audience;
use crate::socket::hub::Hub;
use crate::socket::node::Node;
use crate::wire::close::CloseCode;

/// Of a batch.
const MOST_IN_BATCH: usize = 1000;

/// Of the reason of a Close, in bytes.
const LONGEST_REASON: usize = 123;

pub(crate) struct Port {
    pub node: Arc<Node>,
    pub channels: Arc<[ErasedChannel]>,
    pub readiness: Arc<Readiness>,
    pub health: Health,
    pub failures: Failures,
    pub publications: Publications,
    pub grants: Vec<Grant>,
    pub more_metrics: Vec<Arc<dyn Fn() -> String + Send + Sync>>,
    pub body_bytes: usize,
}

impl Port {
    pub fn ready(&self) -> Answer {
        match self.readiness.check() {
            Ok(()) => Answer::ok(&serde_json::json!({ "ready": true })),
            Err(why) => Refusal::unavailable(why.to_string()).into(),
        }
    }

    pub fn metrics(&self) -> Answer {
        let mut page = Page::default();
        health_numbers::collect(&self.health, &mut page);
        self.publications.collect(&mut page);
        for more in &self.more_metrics {
            page.text.push_str(&more());
        }
        Answer::text(Page::CONTENT_TYPE, page.text)
    }

    /// Counts the answer.
    pub fn publish(&self, grant: &Grant, body: &[u8]) -> Answer {
        let published = self.try_publish(grant, body);
        let answer = published.map_or_else(Answer::from, |published| Answer::ok(&published));
        self.publications.count(answer.status);
        answer
    }

    fn try_publish(&self, grant: &Grant, body: &[u8]) -> Result<Published, Refusal> {
        let request = Request::read(body)?;
        if request.code.is_some() || request.reason.is_some() {
            return Err(Refusal::invalid("code", "it is for `/v1/disconnect`"));
        }
        let content = match (request.message, &request.base64) {
            (Some(message), None) => Content::Json(message.get()),
            (None, Some(text)) => {
                let data = BASE64_STANDARD.decode(text).map_err(|error| Refusal::invalid("base64", error))?;
                Content::Binary(data.into())
            }
            (None, None) => return Err(Refusal::invalid("message", "it is needed, or a binary message as `base64`")),
            (Some(_), Some(_)) => return Err(Refusal::invalid("base64", "there is a `message`, too")),
        };
        let Audience { channel, target, exclusions } = request.audience(self.channels(grant))?;
        if self.shutdown().is_draining() {
            return Err(Refusal::unavailable("the server is stopping"));
        }
        // The user's code: to decode the message, to check and to encode it.
        let sent = contain(|| channel.send(&self.node, target, exclusions, &content));
        sent.map_err(|_| Fault::internal("a message that was published caused a panic"))??.try_into()
    }

    /// Each publication by itself, in order.
    pub async fn batch(&self, grant: &Grant, body: &[u8]) -> Answer {
        let batch = match Batch::read(body) {
            Ok(batch) => batch,
            Err(refusal) => return refusal.into(),
        };
        let mut answers = Vec::with_capacity(batch.len());
        for publication in batch {
            let Answer { status, body, .. } = self.publish(grant, publication.get().as_bytes());
            answers.push(Answered { status: status.as_u16(), answer: raw(&body) });
            // One publication may be for everybody.
            tokio::task::yield_now().await;
        }
        let all_done = answers.iter().all(|answer| answer.status == StatusCode::OK);
        let status = if all_done { StatusCode::OK } else { StatusCode::MULTI_STATUS };
        Answer::with(status, &serde_json::json!({ "answers": answers }))
    }

    pub fn disconnect(&self, grant: &Grant, body: &[u8]) -> Result<Answer, Refusal> {
        let request = Request::read(body)?;
        if request.message.is_some() || request.base64.is_some() {
            return Err(Refusal::invalid("message", "it is for `/v1/publish`"));
        }
        let code = CloseCode::new(request.code.unwrap_or(CloseCode::FORBIDDEN.as_u16()));
        let code = code.ok_or_else(|| Refusal::invalid("code", "no server closes a connection with it"))?;
        let reason = request.reason.as_deref().unwrap_or_default();
        if reason.len() > LONGEST_REASON {
            return Err(Refusal::invalid("reason", format!("it has at most {LONGEST_REASON} bytes")));
        }
        let audiences = self.audiences(grant, &request)?.into_iter();
        let disconnected: usize = audiences.map(|audience| self.clients(audience).disconnect(code, reason)).sum();
        Ok(Answer::ok(&serde_json::json!({ "disconnected": disconnected })))
    }

    pub fn count(&self, grant: &Grant, request: &Request<'_>) -> Result<Answer, Refusal> {
        let audiences = self.audiences(grant, request)?.into_iter();
        let count: usize = audiences.map(|audience| self.clients(audience).len()).sum();
        Ok(Answer::ok(&serde_json::json!({ "count": count })))
    }

    /// A user and a connection may be named without their channel.
    fn audiences<'p>(&'p self, grant: &'p Grant, request: &Request<'_>) -> Result<Vec<Audience<'p>>, Refusal> {
        request.check_named()?;
        let allowed = self.channels(grant).allowed();
        let meant: Vec<_> = match request {
            Request { channel: None, user: Some(Name(name)), .. } => {
                let known: Vec<_> = allowed.filter(|channel| channel.user(name).is_some()).collect();
                if known.iter().any(|channel| channel.identity() != known[0].identity()) {
                    let message = "it is needed, because channels of different users know such a name";
                    return Err(Refusal::invalid("channel", message));
                }
                if known.is_empty() {
                    return Err(Refusal::invalid("user", "no channel knows a user of such a name"));
                }
                known
            }
            Request { channel: None, connection: Some(_), .. } => allowed.collect(),
            _ => return Ok(vec![request.audience(self.channels(grant))?]),
        };
        meant.into_iter().map(|channel| request.on(channel)).collect()
    }

    fn channels<'p>(&'p self, grant: &'p Grant) -> Channels<'p> {
        Channels { all: &self.channels, grant }
    }

    /// The channel's type is of no account for all but messages.
    fn clients(&self, Audience { channel, target, exclusions }: Audience<'_>) -> audience::Audience<()> {
        let hub = Hub::at(&self.node, channel.index(&self.node));
        audience::Audience::new(hub, target, None, exclusions)
    }

    fn shutdown(&self) -> &Shutdown {
        &self.node.shutdown
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
}

impl<'a> Batch<'a> {
    fn read(body: &'a [u8]) -> Result<Vec<&'a RawValue>, Refusal> {
        let Self { batch } = serde_json::from_slice(body).map_err(|error| {
            if error.is_data() { Refusal::invalid("batch", error) } else { Refusal::malformed(error.to_string()) }
        })?;
        if batch.len() > MOST_IN_BATCH {
            let message = format!("{} publications, and at most {MOST_IN_BATCH} are taken", batch.len());
            return Err(Refusal::invalid("batch", message));
        }
        Ok(batch)
    }
}

#[derive(Serialize)]
struct Answered {
    status: u16,
    answer: Box<RawValue>,
}

fn raw(body: &Bytes) -> Box<RawValue> {
    serde_json::from_slice(body).expect("an answer is JSON")
}
