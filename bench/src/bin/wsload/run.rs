//! A run: connections are opened, then a scenario goes on for a warm-up and for a measured time, and what both sides used
//! meanwhile is told.

use std::io;
use std::ops::Range;
use std::time::Duration;

use bench::os::{self, Cpu};
use bench::report::{Latency, Memory, Report, ServerCpu};
use serde_json::Value;

use crate::connection::Seat;
use crate::engine::{Engine, Event};
use crate::order::Log;
use crate::payload::Mark;

/// How long one wait lasts where nothing is due.
const WAIT: Duration = Duration::from_millis(20);

/// A sleep may last so much longer than it should; what is due sooner is waited for awake.
const OVERSLEEP: Duration = Duration::from_micros(1500);

pub trait Scenario {
    fn begin(&mut self, now: u64);

    /// Sends what may be sent now, and says when more will be due, where that is known.
    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>>;

    fn receive(&mut self, event: Event, engine: &mut Engine, log: &mut Log);

    /// What was sent and has not come.
    fn outstanding(&self) -> u64;

    /// What it counts, in the plural.
    const UNIT: &'static str;
}

pub struct Run {
    pub engine: Engine,
    pub pids: Vec<u32>,
    pub cores: Vec<usize>,
    /// Whether this client may run on those cores too.
    pub shares_cores: bool,
    pub connecting: usize,
    pub warm: Duration,
    pub measured: Duration,
    /// How long is waited for what is missing at the end.
    pub patience: Duration,
    /// When everything ends, by the engine's clock.
    pub deadline: u64,
}

struct Snapshot {
    at: u64,
    server: Cpu,
    busy: Duration,
    own: Cpu,
}

impl Run {
    pub fn open(&mut self, count: usize, seat: impl Fn(usize) -> Seat) -> io::Result<()> {
        let (mut opened, mut joined, mut events) = (0, 0, Vec::new());
        while joined < count {
            while opened < count && opened - joined < self.connecting {
                self.engine.connect(seat(opened))?;
                opened += 1;
            }
            self.engine.poll(WAIT, &mut events)?;
            joined += events.drain(..).filter(|event| matches!(event, Event::Joined(_))).count();
            self.engine.flush()?;
            let check = &self.engine.check;
            if check.failed + check.lost > 0 || self.is_late() {
                return Err(io::Error::other(format!("only {joined} of {count} connections joined: {check:?}")));
            }
        }
        Ok(())
    }

    /// At most `at_once` at a time ask. Whoever is answered is in its room.
    pub fn echo_all(&mut self, count: usize, at_once: usize) -> io::Result<()> {
        let (mut asked, mut answered, mut events) = (0, 0, Vec::new());
        while answered < count {
            while asked < count && asked - answered < at_once {
                self.engine.echo(asked, Mark { seq: 0, time: self.engine.now(), source: 0 });
                asked += 1;
            }
            self.engine.flush()?;
            self.engine.poll(WAIT, &mut events)?;
            answered += events.drain(..).filter(|event| matches!(event, Event::Delivery(_))).count();
            if self.engine.check.lost > 0 || self.is_late() {
                let check = &self.engine.check;
                return Err(io::Error::other(format!(
                    "only {answered} of {count} connections were answered: {check:?}"
                )));
            }
        }
        Ok(())
    }

    pub fn stall(&mut self, mut connections: Range<usize>) -> io::Result<()> {
        connections.try_for_each(|connection| self.engine.stall(connection))
    }

    pub fn pass(&mut self, time: Duration) -> io::Result<()> {
        let (end, mut events) = (self.engine.now() + time.as_nanos() as u64, Vec::new());
        while self.engine.now() < end {
            self.engine.poll(WAIT, &mut events)?;
            events.clear();
            self.engine.flush()?;
        }
        Ok(())
    }

    pub fn go<S: Scenario>(&mut self, mut scenario: S, parameters: Value) -> io::Result<Report> {
        let mut log = Log::new();
        self.phase(&mut scenario, self.warm, &mut log)?;
        log.restart();
        let start = self.snapshot()?;
        self.phase(&mut scenario, self.measured, &mut log)?;
        let end = self.snapshot()?;
        Ok(self.report(S::UNIT, parameters, &start, &end, log, None))
    }

    fn phase<S: Scenario>(&mut self, scenario: &mut S, time: Duration, log: &mut Log) -> io::Result<()> {
        let start = self.engine.now();
        let end = start + time.as_nanos() as u64;
        let mut events = Vec::new();
        scenario.begin(start);
        loop {
            let now = self.engine.now();
            let is_over = now >= end;
            let due = if is_over { None } else { scenario.send(&mut self.engine)? };
            self.engine.flush()?;
            if is_over {
                let missing = scenario.outstanding();
                if missing == 0 {
                    return Ok(());
                }
                if now > end + self.patience.as_nanos() as u64 || self.is_late() {
                    // The same ones may be missing already since the warm-up.
                    log.check.undelivered = missing;
                    log.check.timed_out |= self.is_late();
                    return Ok(());
                }
            }
            let wait = due.map_or(WAIT, |due| Duration::from_nanos(due.saturating_sub(now)).saturating_sub(OVERSLEEP));
            self.engine.poll(wait.min(WAIT), &mut events)?;
            for event in events.drain(..) {
                scenario.receive(event, &mut self.engine, log);
            }
        }
    }

    fn is_late(&self) -> bool {
        self.engine.now() > self.deadline
    }

    /// Opens connections and tells what they cost the server while they do nothing.
    pub fn idle(&mut self, count: usize, members: usize, touch: bool, parameters: Value) -> io::Result<Report> {
        let mut log = Log::new();
        let at_start = os::resident(&self.pids)?;
        let per_connection = |now: u64| now.saturating_sub(at_start) as f64 / count as f64;
        let start = self.snapshot()?;
        self.open(count, |i| {
            let (room, member) = (i / members, i % members);
            Seat { room: room as u32, member: member as u32, urgent: false, stalls: false }
        })?;
        let end = self.snapshot()?;
        log.units = count as u64;
        self.pass(Duration::from_secs(1))?;
        let joined = per_connection(os::resident(&self.pids)?);
        let mut touched = None;
        if touch {
            self.echo_all(count, self.connecting)?;
            self.pass(Duration::from_secs(1))?;
            touched = Some(per_connection(os::resident(&self.pids)?));
        }
        let before = self.snapshot()?;
        self.pass(Duration::from_secs(1))?;
        let after = self.snapshot()?;
        self.engine.vanish();
        self.pass(Duration::from_secs(1))?;
        let memory = Memory {
            at_start,
            per_connection: joined,
            per_touched_connection: touched,
            after_close: os::resident(&self.pids)?,
            idle_cpu: micros((after.server - before.server).total),
        };
        Ok(self.report("connections", parameters, &start, &end, log, Some(memory)))
    }

    fn snapshot(&self) -> io::Result<Snapshot> {
        Ok(Snapshot {
            at: self.engine.now(),
            server: Cpu::of_all(&self.pids)?,
            busy: os::busy(&self.cores)?,
            own: Cpu::of(std::process::id())?,
        })
    }

    fn report(
        &self,
        unit: &str,
        parameters: Value,
        start: &Snapshot,
        end: &Snapshot,
        log: Log,
        memory: Option<Memory>,
    ) -> Report {
        let Log { units, latency, mut check } = log;
        let seconds = Duration::from_nanos(end.at - start.at).as_secs_f64();
        let per_unit = |time: Duration| micros(time) / units.max(1) as f64;
        let (server, own) = (end.server - start.server, (end.own - start.own).total);
        let engine = &self.engine.check;
        check.malformed += engine.malformed;
        check.failed += engine.failed;
        check.lost += engine.lost;
        Report {
            scenario: String::new(),
            dialect: self.engine.dialect().name.clone(),
            parameters,
            seconds,
            unit: unit.into(),
            units,
            per_second: units as f64 / seconds,
            server: (!self.pids.is_empty()).then(|| ServerCpu {
                per_unit: per_unit(server.total),
                user_per_unit: per_unit(server.user),
                system_per_unit: per_unit(server.system),
                load: server.total.as_secs_f64() / seconds,
                disturbed: (!self.cores.is_empty()).then(|| {
                    let ours = if self.shares_cores { server.total + own } else { server.total };
                    let others = end.busy.saturating_sub(start.busy).saturating_sub(ours);
                    others.as_secs_f64() / seconds / self.cores.len() as f64
                }),
            }),
            client_load: own.as_secs_f64() / seconds,
            latency: (!latency.is_empty()).then(|| {
                let quantile = |quantile| latency.value_at_quantile(quantile) as f64 / 1e3;
                Latency {
                    p50: quantile(0.5),
                    p90: quantile(0.9),
                    p99: quantile(0.99),
                    p999: quantile(0.999),
                    max: latency.max() as f64 / 1e3,
                    count: latency.len(),
                }
            }),
            memory,
            ok: check == Default::default(),
            check,
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
