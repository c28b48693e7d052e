//! The frames of a client in a test, both ways.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;

use futures_util::FutureExt;
use futures_util::future::{Either, select};

use super::expectation::Failure;
use super::pipe::ClientEnd;
use super::positions::Positions;
use super::present::Present;
use super::settle::settle;
use crate::connection::in_flight::Activity;
use crate::wire::frame::{Opcode, masked_frame};
use crate::wire::parser::{Input, Limits, Parser, Role};

/// In memory any mask is good enough.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The types of frames that are no messages. The answer to a client's `$ping` is one: only a test that sends it gets it.
const FRAMEWORK: [&str; 5] = ["$hello", "$joined", "$presence", "$ping", "$closing"];

/// As the server writes it, with its type first.
fn is_of_type(text: &str, kind: &str) -> bool {
    let behind = text.strip_prefix(r#"{"type":""#).and_then(|text| text.strip_prefix(kind));
    behind.is_some_and(|behind| behind.starts_with('"'))
}

pub(super) struct Frames {
    stream: ClientEnd,
    parser: Parser,
    received: VecDeque<Input>,
    /// What a knowing client hears of the framework, apart from its messages. `None` if it hears nothing of it.
    framework: Option<Vec<String>>,
    /// By what the test has taken.
    positions: Positions,
    present: Present,
    ended: bool,
    activity: Activity,
}

impl Frames {
    pub fn new(stream: ClientEnd, activity: Activity) -> Self {
        let limits = Limits { message: usize::MAX, fragments: usize::MAX };
        let parser = Parser::new(Role::Client, limits);
        Self {
            stream,
            parser,
            received: VecDeque::new(),
            framework: None,
            positions: Positions::default(),
            present: Present::default(),
            ended: false,
            activity,
        }
    }

    /// Of a client that hears the framework's own frames, if it does.
    pub fn knowing(self, knows: bool) -> Self {
        Self { framework: knows.then(Vec::new), ..self }
    }

    /// Where it was over the connection before.
    pub fn at(self, positions: Positions) -> Self {
        Self { positions, ..self }
    }

    pub fn is_knowing(&self) -> bool {
        self.framework.is_some()
    }

    /// The stream ends, and with it what was not taken. A client has no say in when it takes the framework's own frames.
    pub fn lose(&mut self) {
        // It never waits. What can't be read is lost with all else.
        _ = self.take_arrived().now_or_never();
        self.stream.end();
        self.received.clear();
        self.ended = true;
    }

    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    pub fn present(&self) -> &Present {
        &self.present
    }

    /// What has been sent is taken.
    pub async fn settled(&mut self) -> Result<(), Failure> {
        settle(&self.activity).await?;
        self.take_arrived().await
    }

    pub async fn settle(&self) -> Result<(), Failure> {
        settle(&self.activity).await
    }

    /// The last frame of this type that is so. `None` if no work is in progress and none was received.
    pub async fn framework_text(
        &mut self,
        kind: &str,
        is_so: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, Failure> {
        let mut has_settled = false;
        loop {
            let found = self.framework.iter().flatten().rfind(|text| is_of_type(text, kind) && is_so(text)).cloned();
            if found.is_some() || self.ended || has_settled {
                return Ok(found);
            }
            match self.arrival().await? {
                Some(bytes) => self.take(bytes)?,
                None => {
                    self.take_arrived().await?;
                    has_settled = true;
                }
            }
        }
    }

    pub fn write(&mut self, opcode: Opcode, payload: &[u8]) {
        self.write_raw(&masked_frame(opcode, true, payload, MASK));
    }

    pub fn write_raw(&mut self, bytes: &[u8]) {
        self.stream.write(bytes);
    }

    /// `None` if no work is in progress and nothing was received, or the stream has ended.
    pub async fn next(&mut self) -> Result<Option<Input>, Failure> {
        let next = self.next_untaken().await?;
        if let Some(Input::Text(text)) = &next {
            self.positions.took(text);
        }
        Ok(next)
    }

    /// As [`next`](Self::next), of what may be put back.
    pub async fn next_untaken(&mut self) -> Result<Option<Input>, Failure> {
        loop {
            if let Some(input) = self.received.pop_front() {
                return Ok(Some(input));
            }
            if self.ended {
                return Ok(None);
            }
            match self.arrival().await? {
                Some(bytes) => self.take(bytes)?,
                None => {
                    self.take_arrived().await?;
                    return Ok(self.received.pop_front());
                }
            }
        }
    }

    /// What has arrived, up to what is no text.
    pub fn take_texts(&mut self) -> Result<Vec<String>, Failure> {
        // It never waits.
        self.take_arrived().now_or_never().transpose()?;
        let mut texts = Vec::new();
        while let Some(Input::Text(text)) = self.received.pop_front_if(|input| matches!(input, Input::Text(_))) {
            self.positions.took(&text);
            texts.push(text);
        }
        Ok(texts)
    }

    pub async fn is_ended(&mut self) -> Result<bool, Failure> {
        settle(&self.activity).await?;
        self.take_arrived().await?;
        Ok(self.ended && self.received.is_empty())
    }

    pub fn received(&self) -> &VecDeque<Input> {
        &self.received
    }

    pub fn put_back(&mut self, inputs: VecDeque<Input>) {
        let later = std::mem::replace(&mut self.received, inputs);
        self.received.extend(later);
    }

    async fn arrival(&self) -> Result<Option<Vec<u8>>, Failure> {
        let arrives = poll_fn(|cx| self.stream.poll_read(cx));
        match select(pin!(arrives), pin!(settle(&self.activity))).await {
            Either::Left((bytes, _)) => Ok(Some(bytes)),
            Either::Right((settled, _)) => settled.map(|()| None),
        }
    }

    async fn take_arrived(&mut self) -> Result<(), Failure> {
        while !self.ended {
            let arrives = poll_fn(|cx| self.stream.poll_read(cx));
            match select(pin!(arrives), std::future::ready(())).await {
                Either::Left((bytes, _)) => self.take(bytes)?,
                Either::Right(_) => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, mut bytes: Vec<u8>) -> Result<(), Failure> {
        self.ended = bytes.is_empty();
        let before = self.received.len();
        if let Err(violation) = self.parser.feed(&mut bytes, &mut self.received) {
            return Err(format!("the server broke the protocol: {}", violation.reason));
        }
        // As a browser does, unseen by the test.
        for input in self.received.split_off(before) {
            match input {
                Input::Ping(data) => self.write(Opcode::Pong, &data),
                Input::Text(text)
                    if self.framework.is_some() && FRAMEWORK.iter().any(|kind| is_of_type(&text, kind)) =>
                {
                    if is_of_type(&text, "$joined") {
                        self.positions.joined(&text);
                    }
                    if is_of_type(&text, "$presence") {
                        self.present.told(&text)?;
                        // The last one is enough to know that there was one.
                        self.framework.get_or_insert_default().retain(|text| !is_of_type(text, "$presence"));
                    }
                    self.framework.get_or_insert_default().push(text);
                }
                other => self.received.push_back(other),
            }
        }
        Ok(())
    }
}
