//! Plays a script of tests/vectors/scripts, as its README says, to the connection of a client: all but the types of its messages.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use channel_runtime::Fault;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::super::answerer::Answerer;
use super::super::driver::{Driver, Wiring};
use super::super::shared::Shared;
use super::super::token::TokenSource;
use super::super::url::ServerUrl;
use super::super::wire;
use super::support::{Dial, Peer, Server, server};
use crate::engine::{
    CloseBy, Engine, Error, Fresh, Greeting, Joined, News, Outcome, Outdated, Pace, Present, Request, Seen, Settings,
    Status, Unsent, Why,
};
use crate::transport::Outgoing;

type Held = Result<(), String>;

/// What a function that answers questions returns.
type Give = oneshot::Sender<Result<String, Fault>>;

type Fetch = oneshot::Sender<Result<Option<String>, String>>;

struct Player<'s> {
    client: &'s Value,
    shared: Arc<Shared>,
    wiring: Arc<Wiring>,
    server: Server,
    sockets: Vec<Socket>,
    dials_taken: usize,
    frames: VecDeque<Value>,
    /// Whatever the client has for `$id`, by its place: `id1`, `id2`.
    ids: Vec<String>,
    news: mpsc::Receiver<News>,
    events: VecDeque<Value>,
    present: Present,
    asked: mpsc::UnboundedReceiver<(Why, Fetch)>,
    whys: VecDeque<Why>,
    fetches: VecDeque<Fetch>,
    answers: BTreeMap<String, Answer>,
    /// Questions that the client's functions were called with, and the calls that have not returned.
    questions: mpsc::UnboundedReceiver<(String, Give)>,
    called: VecDeque<Value>,
    giving: VecDeque<Give>,
    places: HashMap<String, usize>,
}

enum Socket {
    Asked(Option<Dial>),
    Open(Peer),
}

struct Answer {
    reference: i64,
    reply: oneshot::Receiver<Outcome>,
    settled: Option<Value>,
}

/// The first step that does not hold is the error.
pub(super) async fn play(script: &Value) -> Held {
    let mut player = Player::new(&script["client"], &script["random"]);
    for (at, step) in script["steps"].as_array().unwrap().iter().enumerate() {
        let held = player.step(step).await;
        held.map_err(|error| format!("step {at}, {step}: {error}"))?;
    }
    player.nothing().map_err(|error| format!("at the end: {error}"))
}

impl<'s> Player<'s> {
    fn new(client: &'s Value, random: &Value) -> Self {
        let (memory, server) = server();
        let mut random: VecDeque<f64> =
            random.as_array().map_or(vec![0.5].into(), |all| all.iter().map(|each| each.as_f64().unwrap()).collect());
        let (calls, asked) = mpsc::unbounded_channel();
        let token: Option<TokenSource> = (client["token"] == true).then(|| {
            let fetch: TokenSource = Arc::new(move |why| {
                let (fetch, fetched) = oneshot::channel();
                calls.send((why, fetch)).unwrap();
                Box::pin(async move { fetched.await.unwrap_or_else(|_| Err("gone".to_owned())) })
            });
            fetch
        });
        let settings = Settings {
            fingerprint: client["fingerprint"].as_str().map(|hex| u64::from_str_radix(hex, 16).unwrap()),
            asks_for_tokens: token.is_some(),
            token: client["token"].as_str().map(str::to_owned),
            position: client["at"].as_str().map(str::to_owned),
            silence: client["retry"]["silence"].as_u64().map(Duration::from_millis),
            queue: client["retry"]["queue"].as_u64().unwrap_or(256) as usize,
            random: Box::new(move || if random.len() > 1 { random.pop_front().unwrap() } else { random[0] }),
        };
        let mut places = HashMap::new();
        let greeting: Vec<_> = client["greet"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|said| Greeting { text: text(said, None), pace: pace(client, &mut places, said) })
            .collect();
        let query = client["query"].as_object().into_iter().flatten();
        let query: Vec<_> = query.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let wiring = Wiring {
            address: ServerUrl::new("http://server", client["path"].as_str().unwrap(), &query).unwrap(),
            transport: Arc::new(memory),
            token,
            greet: Arc::new(move || greeting.clone()),
        };
        let shared = Arc::new(Shared::new(Engine::new(settings, Instant::now())));
        let (subscriber, news) = mpsc::channel(1024);
        shared.lock().subscribers.add(subscriber);
        let (calls, questions) = mpsc::unbounded_channel();
        for wire_type in client["answers"].as_array().into_iter().flatten() {
            let calls = calls.clone();
            let answerer: Answerer = Arc::new(move |text| {
                let (give, given) = oneshot::channel();
                calls.send((text, give)).unwrap();
                Box::pin(async move { given.await.unwrap() })
            });
            shared.lock().answerers.insert(wire_type.as_str().unwrap().to_owned(), answerer);
        }
        Self {
            client,
            shared,
            wiring: Arc::new(wiring),
            server,
            sockets: Vec::new(),
            dials_taken: 0,
            frames: VecDeque::new(),
            ids: Vec::new(),
            news,
            events: VecDeque::new(),
            present: Present::default(),
            asked,
            whys: VecDeque::new(),
            fetches: VecDeque::new(),
            answers: BTreeMap::new(),
            questions,
            called: VecDeque::new(),
            giving: VecDeque::new(),
            places,
        }
    }

    async fn step(&mut self, step: &Value) -> Held {
        let on = step["on"].as_u64().map_or(self.sockets.len().wrapping_sub(1), |on| on as usize);
        for (verb, value) in step.as_object().unwrap() {
            match verb.as_str() {
                "open" => self.open(),
                "close" => self.shared.with(|engine, _| engine.close("")),
                "send" => {
                    let pace = self.pace(value);
                    let sent = self.shared.with(|engine, now| engine.send(text(value, None), pace, now));
                    equal(&json!(sent), &step["is"])?;
                }
                "request" => self.request(value, step),
                "abort" => self.abort(value.as_str().unwrap()),
                "token" => self.fetch()?.send(Ok(value.as_str().map(str::to_owned))).unwrap(),
                "token_fails" => self.fetch()?.send(Err("no".to_owned())).unwrap(),
                "give" => self.give(Ok(value.to_string()))?,
                "give_fault" => self.give(Err(Fault::new(value.as_str().unwrap().to_owned(), "no")))?,
                "question" => equal(&self.called.pop_front().ok_or("there is no question")?, value)?,
                "accept" => self.accept(on)?,
                "refuse" => drop(self.asked_for(on)?),
                "say" => self.peer(on)?.say(&value.to_string()),
                "say_text" => self.peer(on)?.say(value.as_str().unwrap()),
                "end" => match &mut self.sockets[on] {
                    Socket::Asked(dial) => drop(dial.take()),
                    Socket::Open(peer) => peer.close(value.as_u64().unwrap() as u16),
                },
                "wait" => self.wait(Duration::from_millis(value.as_u64().unwrap())).await,
                "dial" => self.dialed(value)?,
                "frame" => equal(&self.frames.pop_front().ok_or("there is no frame")?, &padded(value, step))?,
                "asked" => equal(&json!(why(self.whys.pop_front().ok_or("there is no call")?)), value)?,
                "event" => equal(&self.events.pop_front().ok_or("there is no event")?, value)?,
                "answer" => self.answered(value.as_str().unwrap(), step)?,
                "status" => self.status(value)?,
                "present" => equal(&self.present(), value)?,
                "dropped" => self.dropped(on)?,
                "nothing" => self.nothing()?,
                "timers" => self.timers(value)?,
                // What another key stands beside.
                "is" | "as" | "timeout" | "value" | "fault" | "no" | "aborted" | "reason" | "on" | "pad" => {}
                other => return Err(format!("there is no step `{other}`")),
            }
            self.settle().await;
        }
        Ok(())
    }

    fn present(&self) -> Value {
        let seen = |seen: &Seen| {
            let mut fields = seen.fields.clone();
            fields.insert("id".to_owned(), seen.id.clone().into());
            Value::Object(fields)
        };
        let of = |user: &str| (user.to_owned(), self.present.of(user).iter().map(seen).collect::<Vec<_>>().into());
        let users: Map<String, Value> = self.present.users().map(of).collect();
        json!({ "count": self.present.count(), "whole": self.present.is_whole(), "users": users })
    }

    fn open(&mut self) {
        self.shared.with(|engine, now| engine.open(now));
        let mut state = self.shared.lock();
        if !state.is_driven {
            state.is_driven = true;
            state.run += 1;
            if self.news.is_closed() {
                let (subscriber, news) = mpsc::channel(1024);
                state.subscribers.add(subscriber);
                self.news = news;
            }
            tokio::spawn(Driver::new(Arc::clone(&self.shared), Arc::clone(&self.wiring), state.run).run());
        }
    }

    /// Lets the client do all that it can do now, and takes what it did.
    async fn settle(&mut self) {
        for _ in 0..50 {
            yield_now().await;
            self.take();
        }
    }

    fn take(&mut self) {
        while let Some(dial) = self.server.try_dial() {
            self.sockets.push(Socket::Asked(Some(dial)));
        }
        for socket in &self.sockets {
            let Socket::Open(peer) = socket else { continue };
            while let Some(outgoing) = peer.heard() {
                if let Outgoing::Text(text) = outgoing {
                    let mut frame: Value = serde_json::from_str(&text).unwrap();
                    if let Some(id) = frame.get_mut("$id") {
                        *id = named(&mut self.ids, id.as_str().unwrap()).into();
                    }
                    self.frames.push_back(frame);
                }
            }
        }
        while let Ok(news) = self.news.try_recv() {
            if let News::Presence(told) = &news {
                self.present.told(told.clone());
            }
            self.events.extend(event(news));
        }
        while let Ok((text, give)) = self.questions.try_recv() {
            self.called.push_back(serde_json::from_str(&text).unwrap());
            self.giving.push_back(give);
        }
        while let Ok((why, fetch)) = self.asked.try_recv() {
            self.whys.push_back(why);
            self.fetches.push_back(fetch);
        }
        for answer in self.answers.values_mut().filter(|answer| answer.settled.is_none()) {
            answer.settled = answer.reply.try_recv().ok().map(outcome);
        }
    }

    /// What is due meanwhile happens at its time.
    async fn wait(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            let due = self.shared.lock().engine.next_deadline().filter(|due| *due < end);
            sleep(due.unwrap_or(end).saturating_duration_since(Instant::now())).await;
            self.settle().await;
        }
    }

    fn request(&mut self, said: &Value, step: &Value) {
        let wire_type = said[0].as_str().unwrap();
        let said = &json!([wire_type, padded(&said[1], step)]);
        let described = self.client["timeouts"][wire_type].as_u64().map(|described| described + 2000);
        let timeout = step["timeout"].as_u64().or(described).unwrap_or(10_000);
        let pace = self.pace(said);
        let own = self.shared.own;
        let is_idempotent = self.client["idempotent"].as_array().into_iter().flatten().any(|it| it == wire_type);
        let (sender, reply) = oneshot::channel();
        let reference = self.shared.with(|engine, now| {
            let reference = engine.next_ref();
            let deadline = now + Duration::from_millis(timeout);
            let text = text(said, Some(reference));
            let text = if is_idempotent { wire::with_id(&text, own, reference) } else { text };
            let request = Request { text, pace, deadline, is_idempotent, reply: sender };
            engine.request(reference, request, now);
            reference
        });
        let answer = Answer { reference, reply, settled: None };
        self.answers.insert(step["as"].as_str().unwrap().to_owned(), answer);
    }

    fn pace(&mut self, said: &Value) -> Option<(usize, Pace)> {
        pace(self.client, &mut self.places, said)
    }

    /// One that was answered is not given up any more.
    fn abort(&mut self, name: &str) {
        let Some(answer) = self.answers.get_mut(name).filter(|answer| answer.settled.is_none()) else { return };
        answer.settled = Some(json!({ "aborted": true }));
        let reference = answer.reference;
        self.shared.with(|engine, now| engine.forget(reference, now));
    }

    fn give(&mut self, answer: Result<String, Fault>) -> Held {
        // One whose connection has ended may be waited for by nobody.
        _ = self.giving.pop_front().ok_or("there is no call")?.send(answer);
        Ok(())
    }

    fn fetch(&mut self) -> Result<Fetch, String> {
        self.fetches.pop_front().ok_or("there is no call".to_owned())
    }

    fn asked_for(&mut self, on: usize) -> Result<Dial, String> {
        match self.sockets.get_mut(on) {
            Some(Socket::Asked(dial)) => dial.take().ok_or("it was answered".to_owned()),
            _ => Err("there is no such socket".to_owned()),
        }
    }

    fn accept(&mut self, on: usize) -> Held {
        self.sockets[on] = Socket::Open(self.asked_for(on)?.accept());
        Ok(())
    }

    fn peer(&self, on: usize) -> Result<&Peer, String> {
        match self.sockets.get(on) {
            Some(Socket::Open(peer)) => Ok(peer),
            _ => Err("there is no such connection".to_owned()),
        }
    }

    fn dialed(&mut self, wanted: &Value) -> Held {
        let Some(Socket::Asked(Some(dial))) = self.sockets.get(self.dials_taken) else {
            return Err("there is no dial".to_owned());
        };
        self.dials_taken += 1;
        if !wanted["offers"].is_null() {
            equal(&json!(dial.handshake.subprotocols), &wanted["offers"])?;
        }
        if !wanted["resume"].is_null() {
            equal(&json!(positions(&dial.handshake.url)), &wanted["resume"])?;
        }
        if !wanted["path"].is_null() {
            equal(&json!(dial.handshake.url.trim_start_matches("ws://server")), &wanted["path"])?;
        }
        Ok(())
    }

    fn dropped(&self, on: usize) -> Held {
        let is_dropped = match &self.sockets[on] {
            Socket::Asked(dial) => !dial.as_ref().is_some_and(Dial::is_awaited),
            // A connection that is closed in order is read until the server has closed, too.
            Socket::Open(peer) => peer.is_dropped() || peer.was_closed(),
        };
        if is_dropped { Ok(()) } else { Err("the socket was not dropped".to_owned()) }
    }

    fn answered(&mut self, name: &str, step: &Value) -> Held {
        let answer = self.answers.get(name).ok_or("there is no such request")?;
        let found = answer.settled.clone().ok_or("it has not settled")?;
        self.answers.remove(name);
        let mut wanted = step.as_object().unwrap().clone();
        wanted.remove("answer");
        equal(&found, &Value::Object(wanted))
    }

    fn status(&self, wanted: &Value) -> Held {
        let status = self.shared.lock().engine.status().clone();
        let found = shown(&status);
        for (key, value) in wanted.as_object().unwrap() {
            // A program is neither hidden nor offline.
            if key != "why" {
                equal(&found[key], value)?;
            }
        }
        Ok(())
    }

    /// What is due is one point in time here, however many timers another client has.
    fn timers(&self, wanted: &Value) -> Held {
        let is_due = self.shared.lock().engine.next_deadline().is_some();
        equal(&json!(is_due), &json!(wanted.as_u64().unwrap() > 0))
    }

    fn nothing(&self) -> Held {
        let settled: Vec<_> =
            self.answers.iter().filter(|(_, answer)| answer.settled.is_some()).map(|(name, _)| name).collect();
        let whys: Vec<_> = self.whys.iter().map(|asked| why(*asked)).collect();
        let dials = self.sockets.len() - self.dials_taken;
        let found = json!([dials, self.frames, self.events, whys, settled, self.called]);
        equal(&found, &json!([0, [], [], [], [], []]))
    }
}

/// The values of `$resume` in the query of a URL.
fn positions(url: &str) -> Vec<String> {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let (_, query) = url.split_once('?').unwrap_or_default();
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.filter(|(name, _)| decoded(name) == "$resume").map(|(_, value)| decoded(value)).collect()
}

fn named(ids: &mut Vec<String>, id: &str) -> String {
    assert!((1..=64).contains(&id.len()), "`{id}` is no `$id`");
    let place = ids.iter().position(|known| known == id).unwrap_or_else(|| {
        ids.push(id.to_owned());
        ids.len() - 1
    });
    format!("id{}", place + 1)
}

fn pace(client: &Value, places: &mut HashMap<String, usize>, said: &Value) -> Option<(usize, Pace)> {
    let wire_type = said[0].as_str().unwrap();
    let rate = client["rates"].get(wire_type)?;
    let number = |at: usize| rate[at].as_u64().unwrap();
    let next = places.len();
    let place = *places.entry(wire_type.to_owned()).or_insert(next);
    Some((place, Pace { count: number(0) as u32, period: Duration::from_secs(number(1)), burst: number(2) as u32 }))
}

fn padded(message: &Value, step: &Value) -> Value {
    let mut message = message.clone();
    if let Some(length) = step["pad"].as_u64() {
        message["pad"] = "x".repeat(length as usize).into();
    }
    message
}

fn text(said: &Value, reference: Option<i64>) -> String {
    let mut message = said[1].clone();
    message["type"] = said[0].clone();
    if let Some(reference) = reference {
        message["ref"] = reference.into();
    }
    message.to_string()
}

fn why(why: Why) -> &'static str {
    match why {
        Why::First => "first",
        Why::Expiring => "expiring",
        Why::Refused => "refused",
    }
}

fn outdated(how: Outdated) -> &'static str {
    match how {
        Outdated::Compatible => "compatible",
        Outdated::Breaks => "breaks",
        Outdated::Unknown => "unknown",
    }
}

fn event(news: News) -> Option<Value> {
    Some(match news {
        News::Status(_) | News::Binary(_) => return None,
        News::Joined { room, id, how, outdated } => json!({ "joined": joined(room, &id, how, outdated) }),
        News::Outdated(how) => json!({ "outdated": outdated(how) }),
        News::Moved(path) => json!({ "moved": path }),
        News::Presence(_) => json!({ "presence": true }),
        News::Text(text) => json!({ "message": serde_json::from_str::<Value>(&text).unwrap() }),
        News::Fault(fault) => json!({ "error": fault.code }),
    })
}

fn joined(room: Option<String>, id: &str, how: Joined, outdated: Option<Outdated>) -> Value {
    let mut joined = match how {
        Joined::Resumed { missed } => json!({ "id": id, "fresh": false, "resumed": missed }),
        Joined::Fresh { reason: None } => json!({ "id": id, "fresh": true }),
        Joined::Fresh { reason: Some(Fresh::First) } => json!({ "id": id, "fresh": "first" }),
        Joined::Fresh { reason: Some(Fresh::Expired) } => json!({ "id": id, "fresh": "expired" }),
        Joined::Fresh { reason: Some(Fresh::Replaced) } => json!({ "id": id, "fresh": "replaced" }),
        Joined::Fresh { reason: Some(Fresh::TooFar) } => json!({ "id": id, "fresh": "too_far" }),
    };
    if let Some(room) = room {
        joined["room"] = room.into();
    }
    if let Some(how) = outdated {
        joined["outdated"] = self::outdated(how).into();
    }
    joined
}

fn outcome(outcome: Outcome) -> Value {
    match outcome {
        Ok(text) => {
            let message: Value = serde_json::from_str(&text).unwrap();
            match message["type"] == "success" {
                true => message.get("data").map_or(json!({}), |data| json!({ "value": data })),
                false => json!({ "value": message }),
            }
        }
        Err(Error::Fault(fault)) => json!({ "fault": fault.code }),
        Err(Error::Lost) => json!({ "no": "lost" }),
        Err(Error::Unsent(Unsent::Moved)) => json!({ "no": "moved" }),
        Err(Error::Unsent(_)) => json!({ "no": "unsent" }),
        Err(Error::Timeout) => json!({ "no": "timeout" }),
        Err(Error::Closed) => json!({ "no": "closed" }),
        Err(error @ Error::Unreadable(_)) => json!({ "error": error.to_string() }),
    }
}

fn shown(status: &Status) -> Value {
    let ended = |last: &crate::Ended| json!([last.code, last.fault.as_ref().map(|fault| fault.code.clone())]);
    let (mut shown, last) = match status {
        Status::Idle => (json!({ "state": "idle" }), None),
        Status::Connecting { attempt } => (json!({ "state": "connecting", "attempt": attempt }), None),
        Status::Open => (json!({ "state": "open" }), None),
        Status::Waiting { attempt, until, last } => {
            let wait = until.saturating_duration_since(Instant::now());
            (json!({ "state": "waiting", "attempt": attempt, "in": wait.as_millis() as u64 }), Some(ended(last)))
        }
        Status::Closed { by, last } => {
            let by = if *by == CloseBy::Us { "us" } else { "server" };
            (json!({ "state": "closed", "by": by }), last.as_ref().map(ended))
        }
    };
    if let Some(last) = last {
        (shown["code"], shown["fault"]) = (last[0].clone(), last[1].clone());
    }
    shown
}

fn equal(found: &Value, wanted: &Value) -> Held {
    if found == wanted { Ok(()) } else { Err(format!("found {found}, and not {wanted}")) }
}
