//! The floor: the least that a server can do. One thread, one epoll, no JSON, no HTTP beyond the sample key, no room for
//! slow readers. It unmasks what a client says, makes one frame of it, and sends its bytes to each member of the room. It
//! is no product; it says what the system calls alone cost.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use bench::serving::{Serving, announce_as};
use clap::{Parser, ValueEnum};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, poll};

const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// Stands for the listener where epoll names a connection.
const LISTENER: u64 = u64::MAX;

/// A faulty server spoils one delivery in so many.
const FAULT_EVERY: u64 = 1000;

#[derive(Parser)]
#[command(about = "The floor: bare system calls", long_about = None)]
struct Arguments {
    #[command(flatten)]
    serving: Serving,
    /// Send what was read at once at once, not each message by itself
    #[arg(long)]
    coalesce: bool,
    /// Be a bad server now and then, to see that the load client notices
    #[arg(long, value_enum)]
    fault: Option<Fault>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fault {
    /// Lose a delivery
    Drop,
    /// Make a delivery twice
    Double,
    /// Make a delivery after the next one
    Swap,
}

struct Server {
    epoll: OwnedFd,
    connections: HashMap<u64, Connection>,
    /// Members stand here with their streams: a floor looks nothing up.
    rooms: HashMap<u32, Vec<(u64, Rc<TcpStream>)>>,
    coalesce: bool,
    fault: Option<Fault>,
    deliveries: u64,
    late: Option<(u64, Vec<u8>)>,
}

struct Connection {
    stream: Rc<TcpStream>,
    /// None before the upgrade.
    room: Option<u32>,
    input: Vec<u8>,
}

#[derive(Default)]
struct Output {
    own: Vec<u8>,
    /// To its room, in one send each.
    room: Vec<Vec<u8>>,
    closes: bool,
}

fn main() -> io::Result<()> {
    let Arguments { serving, coalesce, fault } = Arguments::parse();
    serving.begin()?;
    let listener = TcpListener::bind(serving.addr)?;
    listener.set_nonblocking(true)?;
    announce_as(listener.local_addr()?, "one thread");
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let (connections, rooms) = (HashMap::new(), HashMap::new());
    Server { epoll, connections, rooms, coalesce, fault, deliveries: 0, late: None }.run(&listener)
}

impl Server {
    fn run(&mut self, listener: &TcpListener) -> io::Result<()> {
        let mut sockets = Vec::with_capacity(512);
        let mut buffer = vec![0; 64 * 1024];
        let mut next = 0;
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut sockets), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for socket in sockets.drain(..) {
                match socket.data.u64() {
                    LISTENER => {
                        while let Ok((stream, _)) = listener.accept() {
                            stream.set_nonblocking(true)?;
                            stream.set_nodelay(true)?;
                            epoll::add(&self.epoll, &stream, EventData::new_u64(next), EventFlags::IN)?;
                            let stream = Rc::new(stream);
                            self.connections.insert(next, Connection { stream, room: None, input: Vec::new() });
                            next += 1;
                        }
                    }
                    id => self.read(id, &mut buffer),
                }
            }
        }
    }

    fn read(&mut self, id: u64, buffer: &mut [u8]) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let read = match (&*connection.stream).read(buffer) {
            Ok(0) => return self.leave(id),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.leave(id),
        };
        let had_joined = connection.room.is_some();
        let output = if connection.input.is_empty() {
            let (output, used) = connection.take(&mut buffer[..read], self.coalesce);
            connection.input.extend_from_slice(&buffer[used..read]);
            output
        } else {
            let mut input = mem::take(&mut connection.input);
            input.extend_from_slice(&buffer[..read]);
            let (output, used) = connection.take(&mut input, self.coalesce);
            input.drain(..used);
            connection.input = input;
            output
        };
        if let (false, Some(room)) = (had_joined, connection.room) {
            self.rooms.entry(room).or_default().push((id, Rc::clone(&connection.stream)));
        }
        if !output.own.is_empty() {
            send(&connection.stream, &output.own);
        }
        if let Some(room) = connection.room {
            for frames in &output.room {
                self.broadcast(room, frames);
            }
        }
        if output.closes {
            self.leave(id);
        }
    }

    fn broadcast(&mut self, room: u32, frames: &[u8]) {
        for (id, stream) in self.rooms.get(&room).into_iter().flatten() {
            let Some(fault) = self.fault else {
                send(stream, frames);
                continue;
            };
            self.deliveries += 1;
            let is_spoilt = self.deliveries.is_multiple_of(FAULT_EVERY);
            match fault {
                Fault::Drop if is_spoilt => {}
                Fault::Swap if is_spoilt && self.late.is_none() => self.late = Some((*id, frames.to_vec())),
                Fault::Double if is_spoilt => (0..2).for_each(|_| send(stream, frames)),
                _ => send(stream, frames),
            }
            if let Some((_, late)) = self.late.take_if(|(late, frames_of)| late == id && frames_of != frames) {
                send(stream, &late);
            }
        }
    }

    fn leave(&mut self, id: u64) {
        let Some(room) = self.connections.remove(&id).and_then(|connection| connection.room) else { return };
        if let Some(members) = self.rooms.get_mut(&room) {
            members.retain(|(member, _)| *member != id);
            if members.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }
}

impl Connection {
    fn take(&mut self, input: &mut [u8], coalesce: bool) -> (Output, usize) {
        let (mut output, mut used) = (Output::default(), 0);
        if self.room.is_none() {
            let Some(head) = memchr::memmem::find(input, b"\r\n\r\n") else { return (output, 0) };
            // GET /ws/r123 HTTP/1.1
            let number = memchr::memmem::find(&input[..head], b"/r").map_or(0, |at| at + 2);
            let digits = input[number..head].iter().take_while(|digit| digit.is_ascii_digit());
            self.room = Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')));
            output.own.extend_from_slice(ACCEPTED);
            used = head + 4;
        }
        while let Some((opcode, data, length)) = unmasked(&mut input[used..]) {
            used += length;
            match opcode {
                CLOSE => {
                    write_frame(&mut output.own, CLOSE, data);
                    output.closes = true;
                }
                TEXT if data.starts_with(br#"{"type":"echo""#) => write_frame(&mut output.own, TEXT, data),
                TEXT => {
                    if !coalesce || output.room.is_empty() {
                        output.room.push(Vec::new());
                    }
                    let frames = output.room.last_mut().expect("there is one by now");
                    write_frame(frames, TEXT, data);
                }
                _ => {}
            }
        }
        (output, used)
    }
}

fn unmasked(input: &mut [u8]) -> Option<(u8, &[u8], usize)> {
    let (head, length) = match *input {
        [_, 0xfe, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
        // Longer ones are not said here.
        [_, length, ..] if length < 0xfe => (2, usize::from(length & 0x7f)),
        _ => return None,
    };
    let opcode = input[0] & 0x0f;
    let frame = input.get_mut(..head + 4 + length)?;
    let (head, data) = frame.split_at_mut(head + 4);
    let key = &head[head.len() - 4..];
    for part in data.chunks_mut(4) {
        part.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    }
    Some((opcode, data, head.len() + length))
}

fn write_frame(out: &mut Vec<u8>, opcode: u8, data: &[u8]) {
    out.push(0x80 | opcode);
    match data.len() {
        length @ ..126 => out.push(length as u8),
        length => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(data);
}

/// Sends all of it, and waits for a client that is slow. One that has gone is noticed when it is read from.
fn send(mut stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Interrupted or not, writing again tells.
                _ = poll(&mut [PollFd::new(&stream, PollFlags::OUT)], None);
            }
            Err(_) => return,
        }
    }
}
