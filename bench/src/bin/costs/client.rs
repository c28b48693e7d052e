//! A client that waits for each answer, and so for the server to have done all that there is to do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bench::frame::{self, Opcode};

/// How long a server may take for an answer, before that is a fault.
const PATIENCE: Duration = Duration::from_secs(30);

const KEY: u32 = 0x9E37_79B9;

pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub fn open(addr: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(
            b"GET /ws/lobby HTTP/1.1\r\nHost: costs\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )?;
        let mut client = Self { stream, unread: Vec::new() };
        while !client.unread.ends_with(b"\r\n\r\n") {
            client.read()?;
        }
        let is_open = client.unread.starts_with(b"HTTP/1.1 101 ");
        client.unread.clear();
        if is_open { Ok(client) } else { Err(io::Error::other("no 101")) }
    }

    pub fn send(&mut self, text: &str, times: usize) -> io::Result<()> {
        let mut out = Vec::new();
        for _ in 0..times {
            frame::write(&mut out, Opcode::TEXT, text.as_bytes(), KEY);
        }
        self.stream.write_all(&out)
    }

    pub fn receive(&mut self, messages: usize) -> io::Result<()> {
        let mut received = 0;
        loop {
            let mut used = 0;
            while let Some(frame) =
                frame::read(&self.unread[used..]).map_err(|_| io::Error::other("a malformed frame"))?
            {
                used += frame.length;
                received += usize::from(frame.opcode == Opcode::TEXT);
            }
            self.unread.drain(..used);
            if received >= messages {
                return Ok(());
            }
            self.read()?;
        }
    }

    pub fn close(mut self) -> io::Result<()> {
        let mut out = Vec::new();
        frame::write(&mut out, Opcode::CLOSE, &1000_u16.to_be_bytes(), KEY);
        self.stream.write_all(&out)?;
        self.stream.read_to_end(&mut self.unread)?;
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut some = [0; 8192];
        match self.stream.read(&mut some)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.unread.extend_from_slice(&some[..read]);
                Ok(())
            }
        }
    }
}
