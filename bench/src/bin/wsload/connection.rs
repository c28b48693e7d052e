//! One connection of the load client: where it stands, and what waits to be written.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::dialect::{Dialect, Filling};
use bench::frame::{self, Opcode};

/// The sample of RFC 6455, section 1.3, so that the answer is known.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How much room a written-out buffer may keep, in bytes.
const KEPT: usize = 64 * 1024;

/// The receive buffer of a connection that will stall, in bytes.
const SMALL: usize = 4096;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Connecting,
    Upgrading,
    /// This step of the dialect's is.
    Joining(usize),
    Joined,
    /// We have said Close.
    Closing,
    /// The server has answered our Close; what is missing is the end of its stream.
    Closed,
    /// There is nothing any more.
    Ended,
}

#[derive(Clone, Copy)]
pub struct Seat {
    pub room: u32,
    pub member: u32,
    /// Whether what comes is read before all that comes to others: else a connection that is timed waits for thousands that
    /// are not, and its time is the load client's own.
    pub urgent: bool,
    /// Whether it will stop reading: its receive buffer is small, so that the server soon finds its socket full.
    pub stalls: bool,
}

pub struct Connection {
    /// None once it has ended.
    pub stream: Option<TcpStream>,
    pub state: State,
    pub seat: Seat,
    /// Whether a message of several fragments has begun.
    pub fragmented: bool,
    /// Whether it is on the engine's list of those with output.
    pub has_output: bool,
    /// Whether epoll is asked to say when it can be written to.
    pub awaits_write: bool,
    /// What came of a frame that is not whole yet.
    pub input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    pub fn open(addr: SocketAddrV4, from: Ipv4Addr, seat: Seat) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        if seat.stalls {
            // Before it connects, because the window is offered then.
            rustix::net::sockopt::set_socket_recv_buffer_size(&socket, SMALL)?;
        }
        rustix::net::bind(&socket, &SocketAddrV4::new(from, 0))?;
        match rustix::net::connect(&socket, &addr) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: Some(stream),
            state: State::Connecting,
            seat,
            fragmented: false,
            has_output: false,
            awaits_write: true,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    pub fn connected(&mut self, addr: SocketAddrV4, dialect: &Dialect) -> io::Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        self.state = State::Upgrading;
        self.output.extend_from_slice(b"GET ");
        let filling = self.filling();
        dialect.path.fill(&mut self.output, filling);
        let head = format!(
            " HTTP/1.1\r\nHost: {addr}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\
             Sec-WebSocket-Version: 13\r\n"
        );
        self.output.extend_from_slice(head.as_bytes());
        for line in &dialect.headers {
            self.output.extend_from_slice(line.as_bytes());
            self.output.extend_from_slice(b"\r\n");
        }
        self.output.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// How long the server's answer to the upgrade is, once it has come; none if it is not the right one.
    pub fn upgraded(input: &[u8]) -> Option<Option<usize>> {
        let Some(end) = memchr::memmem::find(input, b"\r\n\r\n") else { return Some(None) };
        let head = &input[..end];
        let accepted = head.starts_with(b"HTTP/1.1 101") && memchr::memmem::find(head, ACCEPT).is_some();
        accepted.then_some(Some(end + 4))
    }

    pub fn filling(&self) -> Filling<'static> {
        Filling { room: self.seat.room, member: self.seat.member, ..Filling::default() }
    }

    pub fn say(&mut self, opcode: Opcode, data: &[u8], key: u32) {
        frame::write(&mut self.output, opcode, data, key);
    }

    /// Reads into the rest of a buffer; 0 is the end of the stream, none that nothing is there.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        match stream.read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what it can, and says whether all of it went. What an ended connection has left is gone.
    pub fn write(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return true };
        if self.state == State::Connecting || self.output.is_empty() {
            return self.state != State::Connecting;
        }
        // An error shows when it is read from.
        let written = stream.write(&self.output).unwrap_or(0);
        if written < self.output.len() {
            self.output.drain(..written);
            return false;
        }
        self.output.clear();
        self.output.shrink_to(KEPT);
        true
    }
}
