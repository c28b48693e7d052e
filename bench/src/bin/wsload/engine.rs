//! All connections, in one loop over epoll, in one thread.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use bench::report::Check;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::time::Timespec;

use crate::connection::{Connection, Seat, State};
use crate::dialect::{Dialect, Filling, Step};
use crate::payload::{Mark, Payload};
use bench::frame::{self, Opcode};

/// How much is read at once, in bytes.
const READ: usize = 256 * 1024;

/// How many sockets are looked at before what is due is sent.
const SOCKETS_PER_TURN: usize = 256;

/// How many are, where others are urgent.
const SOCKETS_BETWEEN: usize = 32;

/// No connection: something urgent has come.
const URGENT: u64 = u64::MAX;

/// Of so many addresses come the connections: each has its own ports, and one that is just closed is not used again soon.
const ADDRESSES: u8 = 64;

pub struct Engine {
    epoll: OwnedFd,
    /// Of the connections whose input comes first; itself a member of the other.
    urgent: OwnedFd,
    addr: SocketAddrV4,
    dialect: Dialect,
    payload: Payload,
    /// Never sleeps: for a client with a core of its own.
    spin: bool,
    started: Instant,
    connections: Vec<Connection>,
    opened: u8,
    /// Indexes of ended connections, to be used again ..
    vacant: Vec<usize>,
    /// .. once the caller has seen that they ended.
    ended: Vec<usize>,
    with_output: Vec<usize>,
    sockets: Vec<epoll::Event>,
    buffer: Vec<u8>,
    message: Vec<u8>,
    key: u32,
    pub check: Check,
}

pub enum Event {
    Joined(usize),
    Delivery(Delivery),
    /// It has ended; cleanly where both sides had said Close.
    Ended {
        connection: usize,
        clean: bool,
    },
}

pub struct Delivery {
    pub connection: usize,
    pub mark: Mark,
    /// When it was read, in nanoseconds.
    pub now: u64,
}

enum End {
    /// With what no server may send.
    Malformed,
    /// With its stream.
    Stream,
}

impl From<frame::Malformed> for End {
    fn from(_: frame::Malformed) -> Self {
        Self::Malformed
    }
}

impl Engine {
    pub fn new(addr: SocketAddrV4, dialect: Dialect, payload: Payload, spin: bool) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let urgent = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &urgent, EventData::new_u64(URGENT), EventFlags::IN)?;
        Ok(Self {
            epoll,
            urgent,
            addr,
            dialect,
            payload,
            spin,
            started: Instant::now(),
            connections: Vec::new(),
            opened: 0,
            vacant: Vec::new(),
            ended: Vec::new(),
            with_output: Vec::new(),
            sockets: Vec::with_capacity(SOCKETS_PER_TURN),
            buffer: vec![0; READ],
            message: Vec::new(),
            key: 0x9e37_79b9,
            check: Check::default(),
        })
    }

    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    pub fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Begins to connect; the index is its name from now on.
    pub fn connect(&mut self, seat: Seat) -> io::Result<usize> {
        self.opened = self.opened.wrapping_add(1);
        let from = Ipv4Addr::new(127, 0, 0, 2 + self.opened % ADDRESSES);
        let connection = Connection::open(self.addr, from, seat)?;
        let index = self.vacant.pop().unwrap_or(self.connections.len());
        if let Some(stream) = &connection.stream {
            let epoll = if seat.urgent {
                self.sockets = Vec::with_capacity(SOCKETS_BETWEEN);
                &self.urgent
            } else {
                &self.epoll
            };
            epoll::add(epoll, stream, EventData::new_u64(index as u64), EventFlags::IN | EventFlags::OUT)?;
        }
        if index == self.connections.len() {
            self.connections.push(connection);
        } else {
            self.connections[index] = connection;
        }
        Ok(index)
    }

    pub fn publish(&mut self, index: usize, mark: Mark) {
        self.fill(index, mark, |dialect| &dialect.publish);
    }

    pub fn echo(&mut self, index: usize, mark: Mark) {
        self.fill(index, mark, |dialect| &dialect.echo);
    }

    fn fill(&mut self, index: usize, mark: Mark, template: fn(&Dialect) -> &crate::dialect::Template) {
        let payload = self.payload.write(mark);
        let filling = Filling { seq: mark.seq, payload, ..self.connections[index].filling() };
        let mut message = mem::take(&mut self.message);
        message.clear();
        template(&self.dialect).fill(&mut message, filling);
        self.say(index, Opcode::TEXT, &message);
        self.message = message;
    }

    pub fn close(&mut self, index: usize) {
        if self.connections[index].state == State::Joined {
            self.connections[index].state = State::Closing;
            self.say(index, Opcode::CLOSE, &1000_u16.to_be_bytes());
        }
    }

    /// Stops reading from a connection that stays open. Its end is not reported either.
    pub fn stall(&mut self, index: usize) -> io::Result<()> {
        let connection = &self.connections[index];
        if let Some(stream) = &connection.stream {
            epoll::delete(if connection.seat.urgent { &self.urgent } else { &self.epoll }, stream)?;
        }
        Ok(())
    }

    /// Ends all connections without a word.
    pub fn vanish(&mut self) {
        self.connections.clear();
        self.vacant.clear();
        self.ended.clear();
        self.with_output.clear();
    }

    fn say(&mut self, index: usize, opcode: Opcode, data: &[u8]) {
        self.key = self.key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let connection = &mut self.connections[index];
        connection.say(opcode, data, self.key);
        if !mem::replace(&mut connection.has_output, true) {
            self.with_output.push(index);
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        let mut indexes = mem::take(&mut self.with_output);
        for index in indexes.drain(..) {
            self.connections[index].has_output = false;
            self.write(index)?;
        }
        self.with_output = indexes;
        Ok(())
    }

    fn write(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let awaits = !connection.write();
        if let Some(stream) = &connection.stream
            && connection.awaits_write != awaits
        {
            connection.awaits_write = awaits;
            let flags = if awaits { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            let epoll = if connection.seat.urgent { &self.urgent } else { &self.epoll };
            epoll::modify(epoll, stream, EventData::new_u64(index as u64), flags)?;
        }
        Ok(())
    }

    /// Sees what has come, and waits for it, but not longer than this. What is urgent comes first.
    pub fn poll(&mut self, timeout: Duration, events: &mut Vec<Event>) -> io::Result<()> {
        self.vacant.append(&mut self.ended);
        self.see(true, Duration::ZERO, events)?;
        self.see(false, if self.spin { Duration::ZERO } else { timeout }, events)
    }

    fn see(&mut self, urgent: bool, timeout: Duration, events: &mut Vec<Event>) -> io::Result<()> {
        let timeout = Timespec::try_from(timeout).expect("timeouts are short");
        let mut sockets = mem::take(&mut self.sockets);
        let epoll = if urgent { &self.urgent } else { &self.epoll };
        match epoll::wait(epoll, spare_capacity(&mut sockets), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for socket in sockets.drain(..) {
            // Seen at the next poll.
            if socket.data.u64() == URGENT {
                continue;
            }
            let (index, flags) = (socket.data.u64() as usize, socket.flags);
            if flags.contains(EventFlags::OUT) {
                let Self { connections, addr, dialect, .. } = self;
                let connection = &mut connections[index];
                if connection.state == State::Connecting && connection.connected(*addr, dialect).is_err() {
                    self.end(index, events);
                    continue;
                }
                self.write(index)?;
            }
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                self.read(index, events);
            }
        }
        self.sockets = sockets;
        Ok(())
    }

    fn read(&mut self, index: usize, events: &mut Vec<Event>) {
        let mut buffer = mem::take(&mut self.buffer);
        loop {
            let connection = &mut self.connections[index];
            let kept = connection.input.len();
            if kept + READ / 4 > buffer.len() {
                buffer.resize(kept + READ, 0);
            }
            buffer[..kept].copy_from_slice(&connection.input);
            let read = match connection.read(&mut buffer[kept..]) {
                Ok(None) => break,
                Ok(Some(1..)) if connection.state == State::Closed => {
                    self.check.malformed += 1;
                    continue;
                }
                Ok(Some(read @ 1..)) => read,
                Ok(Some(0)) | Err(_) => {
                    self.end(index, events);
                    break;
                }
            };
            connection.input.clear();
            let all = kept + read;
            let filled = all == buffer.len();
            match self.take(index, &buffer[..all], events) {
                Ok(used) => self.connections[index].input.extend_from_slice(&buffer[used..all]),
                Err(End::Malformed) => {
                    self.check.malformed += 1;
                    self.end(index, events);
                    break;
                }
                Err(End::Stream) => {
                    self.end(index, events);
                    break;
                }
            }
            if !filled {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Takes whole frames, and says how many bytes they were.
    fn take(&mut self, index: usize, input: &[u8], events: &mut Vec<Event>) -> Result<usize, End> {
        let now = self.now();
        let mut used = 0;
        if self.connections[index].state == State::Upgrading {
            match Connection::upgraded(input) {
                None => return Err(End::Malformed),
                Some(None) => return Ok(0),
                Some(Some(head)) => used = head,
            }
            self.connections[index].state = State::Joining(0);
            self.join(index, None, events);
        }
        while let Some(frame) = frame::read(&input[used..])? {
            used += frame.length;
            let connection = &mut self.connections[index];
            match frame.opcode {
                Opcode::TEXT | Opcode::BINARY if !connection.fragmented => {
                    // The payload is in the first fragment, or the message is malformed.
                    connection.fragmented = !frame.is_final;
                    self.message(index, frame.data, now, events);
                }
                Opcode::CONTINUATION if connection.fragmented => connection.fragmented = !frame.is_final,
                Opcode::PING => self.say(index, Opcode::PONG, frame.data),
                Opcode::PONG => {}
                // The server ends the stream, not the client (RFC 6455, section 7.1.1).
                Opcode::CLOSE if connection.state == State::Closing => connection.state = State::Closed,
                Opcode::CLOSE => return Err(End::Stream),
                _ => return Err(End::Malformed),
            }
        }
        Ok(used)
    }

    fn message(&mut self, index: usize, message: &[u8], now: u64, events: &mut Vec<Event>) {
        if self.connections[index].state == State::Joined {
            match self.payload.find(message) {
                Ok(Some(mark)) => return events.push(Event::Delivery(Delivery { connection: index, mark, now })),
                Ok(None) => {}
                Err(_) => self.check.malformed += 1,
            }
        }
        if let Some(keepalive) = &self.dialect.keepalive
            && message == keepalive.equals.as_bytes()
        {
            let answer = keepalive.send.clone();
            return self.say(index, Opcode::TEXT, answer.as_bytes());
        }
        self.join(index, Some(message), events);
    }

    /// Goes on joining, with a message that has come.
    fn join(&mut self, index: usize, mut message: Option<&[u8]>, events: &mut Vec<Event>) {
        while let State::Joining(step) = self.connections[index].state {
            match self.dialect.join.get(step) {
                None => {
                    self.connections[index].state = State::Joined;
                    return events.push(Event::Joined(index));
                }
                Some(Step::Send(template)) => {
                    let mut text = Vec::new();
                    template.fill(&mut text, self.connections[index].filling());
                    self.say(index, Opcode::TEXT, &text);
                }
                Some(Step::Expect(part)) => match message.take() {
                    Some(message) if memchr::memmem::find(message, part.as_bytes()).is_some() => {}
                    _ => return,
                },
            }
            self.connections[index].state = State::Joining(step + 1);
        }
    }

    fn end(&mut self, index: usize, events: &mut Vec<Event>) {
        let connection = &mut self.connections[index];
        match mem::replace(&mut connection.state, State::Ended) {
            State::Ended => return,
            State::Closed => events.push(Event::Ended { connection: index, clean: true }),
            State::Joined | State::Closing => {
                self.check.lost += 1;
                events.push(Event::Ended { connection: index, clean: false });
            }
            _ => {
                self.check.failed += 1;
                events.push(Event::Ended { connection: index, clean: false });
            }
        }
        connection.stream = None;
        connection.input = Vec::new();
        self.ended.push(index);
    }
}
