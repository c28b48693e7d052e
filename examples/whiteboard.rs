//! A whiteboard for several people: the lines are binary messages with a type, which the page writes and reads with a `DataView`.
//!
//! Run `cargo run --example whiteboard` and open the printed address in two windows. The first byte of each binary message is its
//! kind, and the framework calls the handler of that kind. Other messages of the same channel are JSON, as everywhere.
//!
//! All numbers are little-endian. A line is the index of its color, its width, how many points it has in two bytes, and the points,
//! each of two numbers of two bytes. A board is 16,000 wide and 10,000 high.

use std::env;

use bytes::{Buf, BufMut, Bytes};
use channel_runtime::{Fault, Reject, Server, Socket, channel, channels, message};

use self::client::client;
use self::page::page;

#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: it records no binary messages, and who connects is sent the whole picture.
#[channel("/board/:name", room_state = Board, message_bytes = "8KiB", outbox_bytes = "2MiB")]
pub struct BoardChannel {
    name: String,
    /// This client's pen, as the others know it.
    #[state]
    pen: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// 0 is the paper's own color: such a line wipes out.
    pub color: u8,
    pub width: u8,
    pub points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: u16,
    pub y: u16,
}

/// A line, or the next piece of one that is being drawn. It begins where the piece before has ended.
#[message(binary, kind = 1)]
#[derive(Clone, Debug, PartialEq)]
pub struct Draw(pub Line);

/// Everything that was drawn: the first message to everyone who connects.
#[message(binary, kind = 2)]
#[derive(Debug, PartialEq)]
pub struct Picture(pub Vec<Line>);

/// Removes everything.
#[message(binary, kind = 3)]
#[derive(Debug, PartialEq)]
pub struct Wipe;

/// Where the client's pen is, or `None` if it is not on the board.
#[message(binary, kind = 4)]
#[derive(Debug, PartialEq)]
pub struct Pen(pub Option<Point>);

/// Where another client's pen is.
#[message(binary, kind = 5)]
#[derive(Debug, PartialEq)]
pub struct PenOf {
    pub pen: u32,
    pub at: Option<Point>,
}

/// The client's next piece is on the board, above all that the client has received before.
#[message(binary, kind = 6)]
#[derive(Debug, PartialEq)]
pub struct Drawn;

#[message(type = "people")]
#[derive(Debug, PartialEq)]
pub struct People {
    pub count: usize,
}

#[channel(sends(Draw, Drawn, Picture, Wipe, PenOf, People))]
impl BoardChannel {
    fn authorize(&self) -> Result<(), Reject> {
        if self.name.len() > 100 {
            return Err(Reject::bad_request("the name of a board has at most 100 bytes"));
        }
        Ok(())
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.room().with(|board, _| {
            board.pens += 1;
            self.pen = board.pens;
            socket.send(Picture(board.lines.clone()));
        });
        socket.room().send_with(|room| People { count: room.len() });
    }

    /// Sent under the lock, so that all lines lie above each other in one order, and none survives a wipe.
    #[message]
    fn draw(&mut self, draw: Draw, socket: &Socket<Self>) -> Result<(), Fault> {
        socket.others().with(|board, others| {
            board.add(draw.0.clone())?;
            others.send(draw);
            socket.send(Drawn);
            Ok(())
        })
    }

    #[message]
    fn wipe(&mut self, wipe: Wipe, socket: &Socket<Self>) {
        socket.room().with(|board, room| {
            (board.lines, board.points) = Default::default();
            room.send(wipe);
        });
    }

    #[message]
    fn pen(&mut self, pen: Pen, socket: &Socket<Self>) {
        socket.others().send(PenOf { pen: self.pen, at: pen.0 });
    }

    fn on_close(&mut self, socket: &Socket<Self>) {
        let others = socket.others();
        others.send(PenOf { pen: self.pen, at: None });
        others.send_with(|room| People { count: room.len() });
    }
}

/// What was drawn on a board: made when the first client connects, dropped when the last one leaves.
#[derive(Default)]
pub struct Board {
    lines: Vec<Line>,
    points: usize,
    /// How many pens there have been.
    pens: u32,
}

impl Board {
    /// The most points. They take four bytes each on the wire, so that a picture has at most 800 kB.
    const MOST: usize = 100_000;

    fn add(&mut self, line: Line) -> Result<(), Fault> {
        if self.points + line.points.len() > Self::MOST {
            return Err(Fault::new("board.full", "The board is full: wipe it"));
        }
        self.points += line.points.len();
        self.lines.push(line);
        Ok(())
    }
}

impl Draw {
    fn from_bytes(mut data: Bytes) -> Result<Self, &'static str> {
        let line = Line::read(&mut data)?;
        if data.has_remaining() { Err("more than a line") } else { Ok(Self(line)) }
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Picture {
    fn from_bytes(mut data: Bytes) -> Result<Self, &'static str> {
        let mut lines = Vec::new();
        while data.has_remaining() {
            lines.push(Line::read(&mut data)?);
        }
        Ok(Self(lines))
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|line| line.write(out));
    }
}

impl Wipe {
    fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
        if data.is_empty() { Ok(Self) } else { Err("more than a wipe") }
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {}
}

impl Drawn {
    fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
        if data.is_empty() { Ok(Self) } else { Err("more than what it is") }
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {}
}

impl Pen {
    fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
        Point::read_one(data).map(Self)
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|point| point.write(out));
    }
}

impl PenOf {
    fn from_bytes(mut data: Bytes) -> Result<Self, &'static str> {
        let pen = data.try_get_u32_le().map_err(|_| "no pen")?;
        Ok(Self { pen, at: Point::read_one(data)? })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.pen);
        self.at.iter().for_each(|point| point.write(out));
    }
}

impl Line {
    /// How many colors the page has, with that of the paper.
    const COLORS: u8 = 7;
    /// The most points of a line; longer ones are drawn in pieces.
    const MOST: usize = 1000;

    fn read(data: &mut Bytes) -> Result<Self, &'static str> {
        let [color, width] = [data.try_get_u8(), data.try_get_u8()].map(|byte| byte.unwrap_or(u8::MAX));
        let count = usize::from(data.try_get_u16_le().map_err(|_| "no line")?);
        if color >= Self::COLORS {
            return Err("no such color");
        }
        if !(1..=Self::MOST).contains(&count) {
            return Err("a line has 1 to 1000 points");
        }
        let points = (0..count).map(|_| Point::read(data)).collect::<Result<_, _>>()?;
        Ok(Self { color, width, points })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.color, self.width]);
        out.put_u16_le(self.points.len() as u16);
        self.points.iter().for_each(|point| point.write(out));
    }
}

impl Point {
    const WIDTH: u16 = 16_000;
    const HEIGHT: u16 = 10_000;

    fn read(data: &mut Bytes) -> Result<Self, &'static str> {
        let (Ok(x), Ok(y)) = (data.try_get_u16_le(), data.try_get_u16_le()) else { return Err("half a point") };
        if x > Self::WIDTH || y > Self::HEIGHT {
            return Err("a point beside the board");
        }
        Ok(Self { x, y })
    }

    /// `None` if there is nothing.
    fn read_one(mut data: Bytes) -> Result<Option<Self>, &'static str> {
        let point = if data.is_empty() { None } else { Some(Self::read(&mut data)?) };
        if data.has_remaining() { Err("more than a point") } else { Ok(point) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.put_u16_le(self.x);
        out.put_u16_le(self.y);
    }
}

/// The channel and its page.
pub fn server() -> Server<()> {
    let server = channels![BoardChannel].app(());
    let page = page(include_str!("pages/whiteboard.html"), client(&server.describe()));
    server.or(page)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
