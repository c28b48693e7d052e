//! One connection of a client, which may do with its socket what it likes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bench::frame::{self, Opcode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tally::Tally;

/// How long a server may take for an answer or a close, before that is a fault.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
    key: u32,
}

impl Client {
    pub async fn open(addr: SocketAddr, path: &str) -> io::Result<Self> {
        let opening = async {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            let mut client = Self { stream, unread: Vec::new(), key: 0x9E37_79B9 };
            let upgrade = format!(
                "GET {path} HTTP/1.1\r\nHost: soak\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            );
            client.stream.write_all(upgrade.as_bytes()).await?;
            loop {
                if let Some(at) = client.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                    let is_open = client.unread.starts_with(b"HTTP/1.1 101 ");
                    client.unread.drain(..at + 4);
                    return if is_open { Ok(client) } else { Err(io::Error::other("no 101")) };
                }
                if client.stream.read_buf(&mut client.unread).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        };
        timeout(PATIENCE, opening).await?
    }

    /// Appends a message to what is to be sent.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &str) {
        self.key = self.key.rotate_left(7).wrapping_add(1);
        frame::write(out, Opcode::TEXT, text.as_bytes(), self.key);
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub async fn say(&mut self, text: &str) -> io::Result<()> {
        let mut out = Vec::new();
        self.write(&mut out, text);
        self.send(&out).await
    }

    /// Reads for so long, counts what is heard and answers pings. Whether the server still says something.
    pub async fn hear(&mut self, time: Duration, tally: &Tally) -> io::Result<bool> {
        match timeout(time, self.hear_all(tally)).await {
            Ok(ended) => ended.map(|()| false),
            Err(_) => Ok(true),
        }
    }

    /// Reads to the end, which has to come.
    pub async fn hear_to_the_end(&mut self, tally: &Tally) -> io::Result<()> {
        timeout(PATIENCE, self.hear_all(tally)).await?
    }

    async fn hear_all(&mut self, tally: &Tally) -> io::Result<()> {
        loop {
            let (mut pongs, mut used) = (Vec::new(), 0);
            while let Some(frame) =
                frame::read(&self.unread[used..]).map_err(|_| io::Error::other("a malformed frame"))?
            {
                used += frame.length;
                match frame.opcode {
                    Opcode::TEXT => tally.heard.add(1),
                    Opcode::PING => frame::write(&mut pongs, Opcode::PONG, frame.data, self.key),
                    _ => {}
                }
            }
            self.unread.drain(..used);
            if !pongs.is_empty() {
                self.stream.write_all(&pongs).await?;
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Says Close, and waits for the server's.
    pub async fn close(mut self, tally: &Tally) -> io::Result<()> {
        let mut out = Vec::new();
        frame::write(&mut out, Opcode::CLOSE, &1000_u16.to_be_bytes(), self.key);
        self.send(&out).await?;
        self.hear_to_the_end(tally).await
    }

    /// Ends its half alone, and reads what still comes.
    pub async fn half_close(mut self, tally: &Tally) -> io::Result<()> {
        self.stream.shutdown().await?;
        self.hear_to_the_end(tally).await
    }

    /// Vanishes with a reset.
    pub fn reset(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }
}
