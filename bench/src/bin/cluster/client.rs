//! Members of a room, over real sockets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bench::frame::{self, Opcode};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

const KEY: u32 = 0x9E37_79B9;

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Member {
    stream: TcpStream,
    unread: Vec<u8>,
    heard: usize,
}

impl Member {
    /// `path` with its query.
    pub fn open(addr: SocketAddr, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        // One by one, so that nothing behind it is read.
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()));
        }
        Ok(Self { stream, unread: Vec::new(), heard: 0 })
    }

    /// Reads once, and returns how many messages that brought.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        };
        self.unread.extend_from_slice(&buffer[..read]);
        let (mut used, mut messages) = (0, 0);
        while let Some(frame) = frame::read(&self.unread[used..]).map_err(|_| io::Error::other("a malformed frame"))? {
            used += frame.length;
            messages += usize::from(frame.opcode == Opcode::TEXT);
        }
        self.unread.drain(..used);
        Ok(messages)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// When each of so many messages was heard.
    pub fn times(mut self, messages: usize) -> io::Result<Vec<Instant>> {
        let (mut times, mut buffer) = (Vec::with_capacity(messages), vec![0; 16 * 1024]);
        while times.len() < messages {
            let read = self.read(&mut buffer)?;
            if read == 0 {
                continue;
            }
            times.resize(times.len() + read, Instant::now());
        }
        Ok(times)
    }
}

/// A room with all its members, of whom the first speaks.
pub struct Crowd {
    members: Vec<Member>,
    epoll: rustix::fd::OwnedFd,
}

impl Crowd {
    pub fn new(members: Vec<Member>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (number, member) in members.iter().enumerate() {
            member.stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&epoll, &member.stream, data, epoll::EventFlags::IN)?;
        }
        Ok(Self { members, epoll })
    }

    /// So many messages, of which so many are under way: one is done when all have heard it.
    pub fn hear(&mut self, text: &str, messages: usize, under_way: usize) -> io::Result<()> {
        let mut by = vec![0; messages];
        let (mut sent, mut done) = (0, 0);
        let (mut events, mut buffer, mut out) = (Vec::with_capacity(512), vec![0; 64 * 1024], Vec::new());
        self.members.iter_mut().for_each(|member| member.heard = 0);
        let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        while done < messages {
            out.clear();
            while sent < messages.min(done + under_way) {
                frame::write(&mut out, Opcode::TEXT, text.as_bytes(), KEY);
                sent += 1;
            }
            self.members[0].send(&out)?;
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&patience))?;
            if events.is_empty() {
                return Err(io::Error::other("messages were lost"));
            }
            for event in events.drain(..) {
                let member = &mut self.members[event.data.u64() as usize];
                let read = member.read(&mut buffer)?;
                by[member.heard..member.heard + read].iter_mut().for_each(|by| *by += 1);
                member.heard += read;
            }
            while done < messages && by[done] == self.members.len() {
                done += 1;
            }
        }
        Ok(())
    }
}
