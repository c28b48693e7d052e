//! One connection of a client, which may do with its socket what it likes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bench::frame::{self, Frame, Opcode};
use flate2::{Compress, Decompress, FlushCompress, FlushDecompress};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::content;
use crate::tally::Tally;

/// What each compressed message ends with, and is not sent (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The longest message that anybody says, and a little more.
const LONGEST: usize = 64 * 1024;

/// How long a server may take for an answer or a close, before that is a fault.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
    key: u32,
    /// `None` without compression. Nothing of a message stays in it: the server's refer to no earlier one.
    inflater: Option<Decompress>,
}

/// What the server says that has something to be checked.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Heard<'a> {
    Said {
        text: &'a str,
    },
    #[serde(other)]
    Other,
}

impl Client {
    pub async fn open(addr: SocketAddr, path: &str, extensions: Option<&str>) -> io::Result<Self> {
        let opening = async {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            let inflater = extensions.map(|_| Decompress::new(false));
            let mut client = Self { stream, unread: Vec::new(), key: 0x9E37_79B9, inflater };
            let extensions =
                extensions.map(|offer| format!("Sec-WebSocket-Extensions: {offer}\r\n")).unwrap_or_default();
            let upgrade = format!(
                "GET {path} HTTP/1.1\r\nHost: soak\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extensions}\r\n"
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

    pub fn write(&mut self, out: &mut Vec<u8>, text: &str) {
        const COMPRESSED: u8 = 0x40;
        self.key = self.key.rotate_left(7).wrapping_add(1);
        if self.inflater.is_none() || self.key.is_multiple_of(2) {
            frame::write(out, Opcode::TEXT, text.as_bytes(), self.key);
            return;
        }
        let mut data = Vec::with_capacity(text.len() + 100);
        let compressed = Compress::new(flate2::Compression::fast(), false).compress_vec(
            text.as_bytes(),
            &mut data,
            FlushCompress::Sync,
        );
        assert!(compressed.is_ok() && data.ends_with(&TAIL), "there is room for all of it");
        let first = out.len();
        frame::write(out, Opcode::TEXT, &data[..data.len() - TAIL.len()], self.key);
        out[first] |= COMPRESSED;
    }

    pub fn write_binary(&mut self, out: &mut Vec<u8>, data: &[u8]) {
        self.key = self.key.rotate_left(7).wrapping_add(1);
        frame::write(out, Opcode::BINARY, data, self.key);
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

    pub async fn hear_to_the_end(&mut self, tally: &Tally) -> io::Result<()> {
        timeout(PATIENCE, self.hear_all(tally)).await?
    }

    async fn hear_all(&mut self, tally: &Tally) -> io::Result<()> {
        loop {
            let (mut pongs, mut used) = (Vec::new(), 0);
            while let Some(frame) =
                frame::read_either(&self.unread[used..]).map_err(|_| io::Error::other("a malformed frame"))?
            {
                used += frame.length;
                match frame.opcode {
                    Opcode::TEXT | Opcode::BINARY => {
                        tally.heard.add(1);
                        if !is_whole(&frame, self.inflater.as_mut()) {
                            tally.broken.add(1);
                        }
                    }
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

    pub fn reset(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }
}

fn is_whole(frame: &Frame<'_>, inflater: Option<&mut Decompress>) -> bool {
    let inflated;
    let data = match inflater {
        Some(inflater) if frame.is_compressed => {
            let mut data = Vec::with_capacity(LONGEST);
            inflater.reset(false);
            let input = [frame.data, &TAIL].concat();
            if inflater.decompress_vec(&input, &mut data, FlushDecompress::None).is_err()
                || inflater.total_in() != input.len() as u64
            {
                return false;
            }
            inflated = data;
            &inflated
        }
        _ if frame.is_compressed => return false,
        _ => frame.data,
    };
    if frame.opcode == Opcode::BINARY {
        return content::is_noise(data);
    }
    match serde_json::from_slice(data) {
        Ok(Heard::Said { text }) => text.starts_with("welcome to ") || content::is_text(text),
        Ok(Heard::Other) => true,
        Err(_) => false,
    }
}
