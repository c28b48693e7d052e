//! One connection's link to its client: what is read, parsed and parked, and what waits to be written.
//!
//! The session polls it, whether or not a handler runs: the outbox drains, pings are answered and a close is seen all the
//! time. Messages are parked up to a bound; then nothing more is read, and the client is slowed by its own socket.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::connection::Connection;
use crate::describe::parts::RateShape;
use crate::notice::Notice;
use crate::outbox::Sender;
use crate::registry::Registry;
use crate::throttle::{self, Refused, Throttle};
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::{Input, Limits, Parser, Role, Violation};
use crate::wire::transport::{Stream, Transport};

/// Above so many bytes of parked input nothing more is read: 64 KiB.
const PARKED_BYTES: usize = 64 * 1024;

/// What a parked input counts beside its bytes, so that empty frames are bounded too.
const INPUT_OVERHEAD: usize = size_of::<Input>();

/// How often a connection reads before others have their turn.
const READS_PER_TURN: usize = 8;

/// How many inputs a connection handles before others have their turn.
const INPUTS_PER_TURN: usize = 64;

/// To how many clients a connection sends before others have their turn: about a quarter of a millisecond's worth.
const RECIPIENTS_PER_TURN: usize = 4 * 1024;

/// What a session does next.
pub(crate) enum Step {
    Input(Input),
    Notice(Notice),
}

pub(crate) struct Link {
    stream: Stream,
    parser: Parser,
    /// Complete input that waits for the handler, and its size.
    parked: VecDeque<Input>,
    parked_bytes: usize,
    /// The last step was a notice: input that waits comes before the next.
    was_notice: bool,
    /// Steps given out in this turn, and clients that they were sent to.
    given: usize,
    spent: usize,
    /// Others have their turn, those included whose input has just come.
    yields: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// How the client's side ended, once it has; the parked input came before that.
    ended: Option<Box<Close>>,
    /// What is held against the client, once something is.
    throttle: Option<Box<Throttle>>,
    connection: Arc<Connection>,
    registry: Arc<Registry>,
    config: Arc<Config>,
}

impl Link {
    /// `read_ahead` is what the client sent behind its handshake.
    pub fn new(
        io: Transport,
        mut read_ahead: Vec<u8>,
        connection: Arc<Connection>,
        registry: Arc<Registry>,
        config: Arc<Config>,
    ) -> Self {
        let limits = Limits { message: config.message_bytes, fragments: config.message_fragments };
        let parser = Parser::new(Role::Server, limits).framing(config.frame_bytes).inflating(connection.deflate);
        let (stream, socket) = io.split();
        if let Some(socket) = socket {
            connection.outbox.attach(socket);
        }
        let mut link = Self {
            stream,
            parser,
            parked: VecDeque::new(),
            parked_bytes: 0,
            was_notice: false,
            given: 0,
            spent: 0,
            yields: None,
            ended: None,
            throttle: None,
            connection,
            registry,
            config,
        };
        link.take(&mut read_ahead);
        link
    }

    /// The bounds of the server.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Who else is here.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// A handler goes on: what it sends leaves when it waits, or when the parked input is done.
    pub fn cork(&self) {
        self.connection.outbox.cork();
    }

    /// The next step, for a handler that begins, [corked](Self::cork); none when the connection ends: at once if we end it, after all input if the client does.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.spent += self.connection.pace.take_spent();
        if self.given >= INPUTS_PER_TURN || self.spent >= RECIPIENTS_PER_TURN {
            // A client that never stops talking would else keep its thread to itself. What it was answered leaves first.
            (self.given, self.spent) = (0, 0);
            if self.was_notice {
                // While notices come without end, nothing else looks for what the client says.
                self.poll_io(cx);
            } else {
                self.write(cx);
            }
            self.yields = Some(Box::pin(yield_now()));
        }
        if let Some(yields) = &mut self.yields {
            ready!(yields.as_mut().poll(cx));
            self.yields = None;
        }
        if let Some(step) = self.next_step() {
            return Poll::Ready(Some(step));
        }
        if !self.has_ended() {
            self.poll_io(cx);
        }
        match self.next_step() {
            Some(step) => Poll::Ready(Some(step)),
            None if self.has_ended() => Poll::Ready(None),
            None => {
                (self.given, self.spent) = (0, 0);
                Poll::Pending
            }
        }
    }

    fn next_step(&mut self) -> Option<Step> {
        let Connection { outbox, pace, inbox, .. } = &*self.connection;
        // Not once the client has said its last word: notices could keep the connection from ending for ever.
        let has_notice = inbox.has_notice() && !(self.ended.is_some() && self.parked.is_empty());
        // Whoever is far ahead of its rooms, or does not take its own answers, waits: its task is woken when that has passed.
        if (self.parked.is_empty() && !has_notice) || pace.is_too_far_ahead() || !outbox.cork_for_input() {
            return None;
        }
        self.given += 1;
        // In turns, so that neither keeps the other waiting.
        self.was_notice = has_notice && !(self.was_notice && self.has_input());
        if self.was_notice {
            return inbox.take().map(Step::Notice);
        }
        let input = self.parked.pop_front()?;
        self.parked_bytes -= size(&input);
        // Idle connections keep no burst's worth of room.
        if self.parked.is_empty() && self.parked.capacity() > 4 {
            self.parked = VecDeque::new();
        }
        Some(Step::Input(input))
    }

    /// Whether we have begun to end the connection.
    pub fn is_closing(&self) -> bool {
        self.connection.outbox.is_closing()
    }

    /// Whether input waits that has come already.
    pub fn has_input(&self) -> bool {
        !self.parked.is_empty()
    }

    /// The client is gone, and we have not sent it away: whoever works for it alone may stop.
    pub fn has_lost_client(&self) -> bool {
        match self.connection.outbox.closed_by() {
            Some(by) => by != ClosedBy::Server,
            None => self.ended.is_some(),
        }
    }

    /// We end it, or the client does and all that it said before is handled.
    fn has_ended(&self) -> bool {
        (self.ended.is_some() && self.parked.is_empty()) || self.connection.outbox.is_closing()
    }

    /// Writes what waits and reads what has come.
    pub fn poll_io(&mut self, cx: &mut Context<'_>) {
        self.write(cx);
        self.read(cx);
        // Pongs, and what reading made others send.
        self.write(cx);
    }

    fn write(&mut self, cx: &mut Context<'_>) {
        match self.connection.outbox.drain(cx, &mut self.stream) {
            // A client that is behind, and takes some of it, is there: its pong may be far behind too.
            Ok(progress) if progress.resumed => self.connection.pulse.hear(),
            Ok(_) => {}
            Err(error) => self.lost(&error.to_string()),
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..READS_PER_TURN {
            let rests = self.ended.is_some() || self.parked_bytes >= PARKED_BYTES;
            self.connection.pulse.rest(rests);
            if rests {
                return;
            }
            let Self { stream, parser, parked, .. } = self;
            let before = Before { parked: parked.len(), frames: parser.frames() };
            if parser.has_rest() {
                let result = parser.feed_rest(parked);
                self.took(before, result);
                continue;
            }
            let fed = stream.poll_read(cx, |input| (input.len(), parser.feed(input, parked)));
            match fed {
                Poll::Pending => return,
                Poll::Ready(Ok((0, _))) => return self.left("the stream ended without a close"),
                Poll::Ready(Ok((_, result))) => {
                    self.connection.pulse.hear();
                    self.took(before, result);
                }
                Poll::Ready(Err(error)) => return self.lost(&error.to_string()),
            }
        }
        // There may be more; others first.
        cx.waker().wake_by_ref();
    }

    fn take(&mut self, bytes: &mut [u8]) {
        let before = Before { parked: self.parked.len(), frames: self.parser.frames() };
        let result = self.parser.feed(bytes, &mut self.parked);
        self.took(before, result);
    }

    /// Sees to the input of a read: what is too much is refused, pings are answered and a close ends it at once.
    fn took(&mut self, before: Before, result: Result<(), Violation>) {
        let due = self.throttle.as_ref().map_or_else(|| Throttle::first_due(&self.config), |throttle| throttle.due());
        if self.parser.frames() > due {
            self.count_frames(&before);
        }
        let before = before.parked;
        for input in self.parked.range(before..) {
            self.parked_bytes += size(input);
            match input {
                Input::Ping(data) => {
                    // Drained after the read. Refused only when the connection ends, and then nobody waits for a pong.
                    let _ = self.connection.outbox.push(frame(Opcode::Pong, data), Sender::Own);
                }
                Input::Close(close) => {
                    let (code, reason) =
                        close.clone().map_or((None, String::new()), |(code, reason)| (Some(code), reason));
                    self.ended = Some(Box::new(Close::new(ClosedBy::Client, code, reason)));
                }
                Input::Text(_) | Input::Binary(_) => self.connection.pulse.speak(),
                Input::Pong(_) => {}
            }
        }
        self.take_pong(before);
        if let Err(violation) = result {
            self.ended = Some(Box::new(violation.into()));
        }
        if self.ended.is_some() {
            self.connection.outbox.client_is_leaving();
        }
    }

    /// Holds the frames that have come against their rate, and refuses what came last of it.
    fn count_frames(&mut self, before: &Before) {
        let latest = self.parser.take_frames() - before.frames;
        let Self { throttle, config, registry, connection, parked, .. } = self;
        let throttle = throttle.get_or_insert_with(|| Box::new(Throttle::new(config)));
        let metered = throttle.count_frames((before.frames, latest), config, registry.quotas(), connection);
        if metered.refused == 0 {
            return;
        }
        // A client may always leave.
        let close = parked.pop_back_if(|input| matches!(input, Input::Close(_)));
        let passed = parked.len().saturating_sub(metered.refused as usize).max(before.parked);
        for input in parked.drain(passed..) {
            if let Input::Text(text) = input {
                throttle.refuse(&text, Refused::Frame, metered.wait, connection, registry.counts(connection.channel));
            }
        }
        parked.extend(close);
        if metered.is_abuse {
            self.end_abuse();
        }
    }

    /// Holds a message of the type at this place against its rate: whether it may pass, else it is answered.
    pub fn may_pass(&mut self, text: &str, index: usize, rate: RateShape) -> bool {
        let throttle = self.throttle.get_or_insert_with(|| Box::new(Throttle::new(&self.config)));
        let metered = throttle.count_message(index, rate, self.registry.quotas(), &self.connection);
        if metered.refused > 0 {
            let counts = self.registry.counts(self.connection.channel);
            throttle.refuse(text, Refused::Message, metered.wait, &self.connection, counts);
        }
        if metered.is_abuse {
            self.end_abuse();
        }
        metered.refused == 0
    }

    /// Nothing more is read from a client that has been refused too often.
    fn end_abuse(&mut self) {
        let close = throttle::abuse();
        self.connection.outbox.close(close.clone());
        self.ended.get_or_insert_with(|| Box::new(close));
    }

    /// The answer to our own ping is nobody else's business.
    fn take_pong(&mut self, before: usize) {
        if !self.connection.pulse.awaits_pong() {
            return;
        }
        let is_pong = |input: &Input| matches!(input, Input::Pong(data) if data.is_empty());
        if let Some(at) = self.parked.range(before..).position(is_pong) {
            self.connection.pulse.ponged();
            self.parked_bytes -= self.parked.remove(before + at).as_ref().map_or(0, size);
            if self.parked.is_empty() {
                self.parked = VecDeque::new();
            }
        }
    }

    /// The client says no more. It may still read: whoever ends only its own half gets the answers to what it said.
    fn left(&mut self, reason: &str) {
        if self.ended.is_none() {
            self.ended = Some(Box::new(Close::new(ClosedBy::Lost, None, reason)));
        }
        self.connection.outbox.client_is_leaving();
    }

    /// The stream is broken both ways.
    fn lost(&mut self, reason: &str) {
        self.left(reason);
        self.connection.outbox.client_is_gone();
    }

    /// Ends the connection, if we have not already, and tells how it ended. Nothing is sent any more but what waits.
    pub fn end(&mut self) -> Close {
        self.parked = VecDeque::new();
        self.parked_bytes = 0;
        let outbox = &self.connection.outbox;
        if let Some(ended) = &self.ended {
            outbox.close(Close::clone(ended));
        }
        outbox.closing().expect("a connection ends where one of its sides has ended")
    }

    /// Sends what waits and our Close, ends our half of the stream, and reads until the client has ended its own, so that
    /// no reset destroys what it has not read yet. Cut when the client has taken nothing for `timeout`; and so long after
    /// `given_up` whatever it takes, for one that takes a little now and then could hold a server that stops.
    pub async fn finish(&mut self) {
        let timeout = self.config.close_timeout;
        let registry = Arc::clone(&self.registry);
        let mut deadline = Box::pin(sleep(timeout));
        let mut last = Box::pin(async {
            registry.has_given_up().await;
            sleep(timeout).await;
        });
        let mut drained = false;
        poll_fn(|cx| {
            // First, for it has its share of tokio's budget too: a client that floods us would use up all of it.
            if deadline.as_mut().poll(cx).is_ready() || last.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            while !drained {
                match self.connection.outbox.drain(cx, &mut self.stream) {
                    Ok(progress) => {
                        if progress.wrote {
                            deadline.as_mut().reset(Instant::now() + timeout);
                        }
                        if !progress.empty {
                            break;
                        }
                    }
                    Err(_) => return Poll::Ready(()),
                }
                match self.connection.outbox.poll_shutdown(cx, &mut self.stream) {
                    Poll::Ready(Ok(())) => drained = true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            // What comes now has no meaning any more; only its end has. Read all the same: a client that is stuck in
            // writing does not read.
            loop {
                match self.stream.poll_read(cx, |input| input.len()) {
                    Poll::Ready(Ok(1..)) => {}
                    // It has ended its half alone, as far as we know, and is still owed what waits.
                    Poll::Ready(Ok(0)) if !drained => return Poll::Pending,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

/// What there was before a read.
struct Before {
    /// Inputs that were parked.
    parked: usize,
    /// Frames that were not held against their rate.
    frames: u32,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.connection.outbox.detach();
    }
}

/// Ends a connection that has not begun, with these frames, a Close at their end; cut after `timeout`.
pub(crate) async fn turn_away(io: Transport, frames: &[u8], timeout: Duration) {
    let (mut stream, mut socket) = io.split();
    let (mut written, mut has_shut) = (0, false);
    let ending = poll_fn(|cx| {
        while written < frames.len() {
            match ready!(stream.poll_write(cx, socket.as_mut(), &frames[written..])) {
                Ok(bytes @ 1..) => written += bytes,
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
        if !has_shut {
            if ready!(stream.poll_shutdown(cx, socket.as_mut())).is_err() {
                return Poll::Ready(());
            }
            has_shut = true;
        }
        // As in `finish`: unread input would have the Close destroyed.
        while let Ok(1..) = ready!(stream.poll_read(cx, |input| input.len())) {}
        Poll::Ready(())
    });
    let _ = tokio::time::timeout(timeout, ending).await;
}

fn size(input: &Input) -> usize {
    INPUT_OVERHEAD
        + match input {
            Input::Text(text) => text.len(),
            Input::Binary(data) | Input::Ping(data) | Input::Pong(data) => data.len(),
            Input::Close(_) => 0,
        }
}
