//! A shared whiteboard whose page is written in TypeScript, over the client that the compiler keeps equal to the channel.
//!
//! Run `cargo run --example board` and open the printed address in two windows. `web/channels.ts` is made from the structs below:
//! after a change of one of them the compiler asks for `CHANNELS_LOCK=accept cargo run --example board`, and then TypeScript shows
//! each line of `web/board.ts` that no longer fits. `web/board.js` is what esbuild makes of the two.

use std::{env, fmt};

use channel_runtime::describe::Describe;
use channel_runtime::{Fault, Reject, Server, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};
use warp::{Filter, reply};

/// A board; whoever opens the same name draws on it.
// Who was cut off is sent the strokes that it missed, and not the whole drawing; which is `snapshot`'s, for who comes anew.
#[channel("/board/:name", room_state = Drawing, history(bytes = "256KiB", age = "5min"), rooms(Pens))]
pub struct Board {
    name: String,
    /// This client, as the others see it.
    #[state]
    person: Person,
}

/// Whoever sees the pens of a board. A room of its own, because it has no history: where a pen was is no news.
pub struct Pens(String);

impl fmt::Display for Pens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number for each client of a board, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct Person(u32);

/// A number for each stroke of a board. A greater one lies above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct StrokeId(u32);

/// From 0, 0 at the left top to 1600, 1000 at the right bottom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Point(f32, f32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    Ink,
    Red,
    Amber,
    Green,
    Blue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Stroke {
    pub id: StrokeId,
    pub by: Person,
    pub color: Color,
    /// In points of the board, 1 to 40.
    pub width: u8,
    pub points: Vec<Point>,
}

/// Draws a stroke above all others. The answer is its id.
#[message(type = "draw")]
pub struct Draw {
    pub color: Color,
    pub width: u8,
    /// 1 to 2000 of them.
    pub points: Vec<Point>,
}

/// Where the pen is. `None` if it is not on the board.
#[message(type = "point")]
pub struct PointTo {
    pub at: Option<Point>,
}

/// All that is on the board: what a client begins with, unless it was here and has missed only a part.
#[message(type = "drawing")]
#[derive(Debug)]
pub struct WholeDrawing {
    pub strokes: Vec<Stroke>,
}

/// Who the client is, at each connection.
#[message(type = "welcome")]
#[derive(Debug)]
pub struct Welcome {
    pub you: Person,
}

#[message(type = "stroke_added")]
#[derive(Debug)]
pub struct StrokeAdded {
    pub stroke: Stroke,
}

#[message(type = "stroke_removed")]
#[derive(Debug)]
pub struct StrokeRemoved {
    pub id: StrokeId,
}

/// Where somebody's pen is. `None` if it is not on the board.
#[message(type = "pointed")]
#[derive(Debug)]
pub struct Pointed {
    pub person: Person,
    pub at: Option<Point>,
}

#[message(type = "people")]
#[derive(Debug)]
pub struct People {
    pub count: usize,
}

/// Why nothing was drawn.
#[derive(Debug, Fault)]
pub enum NotDrawn {
    /// Something has to be taken back first.
    #[fault("board.full", "the board holds {most} points: take something back")]
    Full { most: usize },
    #[fault("board.bad_stroke", "a stroke has 1 to {most} points on the board, and a width of 1 to 40")]
    BadStroke { most: usize },
}

/// Why nothing was taken back.
#[derive(Debug, Fault)]
pub enum NotUndone {
    #[fault("board.nothing_to_undo", "nothing of yours is on the board")]
    Nothing,
}

#[channel(sends(WholeDrawing, Welcome, StrokeAdded, StrokeRemoved, Pointed, People))]
impl Board {
    fn authorize(&self) -> Result<(), Reject> {
        if self.name.len() > 100 {
            return Err(Reject::bad_request("the name of a board has at most 100 bytes"));
        }
        Ok(())
    }

    /// As the drawing is when a client enters: each stroke is in it, or is sent behind it.
    fn snapshot(&self, drawing: &Drawing) -> WholeDrawing {
        WholeDrawing { strokes: drawing.strokes.clone() }
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        self.person = socket.room().with(|drawing, _| drawing.next_person());
        socket.send(Welcome { you: self.person });
        socket.join(&self.pens());
        socket.room().send_with(|room| People { count: room.len() });
    }

    /// Sent under the room's lock, so that all see the strokes above each other in one order.
    #[message(rate = "20/s")]
    fn draw(&mut self, draw: Draw, socket: &Socket<Self>) -> Result<Success<StrokeId>, NotDrawn> {
        let Draw { color, width, points } = draw;
        if !(1..=40).contains(&width)
            || !(1..=Stroke::MOST).contains(&points.len())
            || !points.iter().all(Point::is_inside)
        {
            return Err(NotDrawn::BadStroke { most: Stroke::MOST });
        }
        socket.room().with(|drawing, room| {
            let stroke = drawing.add(self.person, color, width, points)?;
            let id = stroke.id;
            room.send(StrokeAdded { stroke: stroke.clone() });
            Ok(Success(id))
        })
    }

    /// Takes back the last stroke of this client.
    #[message(type = "undo")]
    fn undo(&mut self, socket: &Socket<Self>) -> Result<(), NotUndone> {
        socket.room().with(|drawing, room| {
            let id = drawing.remove_last(self.person).ok_or(NotUndone::Nothing)?;
            room.send(StrokeRemoved { id });
            Ok(())
        })
    }

    #[message(rate = "30/s")]
    fn point(&mut self, pen: PointTo, socket: &Socket<Self>) {
        let at = pen.at.filter(Point::is_inside);
        socket.room_of(&self.pens()).except(socket.id()).send(Pointed { person: self.person, at });
    }

    fn on_close(&mut self, socket: &Socket<Self>) {
        socket.room_of(&self.pens()).send(Pointed { person: self.person, at: None });
        socket.others().send_with(|room| People { count: room.len() });
    }

    fn pens(&self) -> Pens {
        Pens(self.name.clone())
    }
}

/// What is on a board: made if the first client connects, dropped if all have left and nothing of its history is kept any more.
#[derive(Default)]
pub struct Drawing {
    strokes: Vec<Stroke>,
    points: usize,
    people: u32,
    strokes_ever: u32,
}

impl Drawing {
    /// The most points of a board.
    const MOST: usize = 50_000;

    fn next_person(&mut self) -> Person {
        self.people += 1;
        Person(self.people)
    }

    fn add(&mut self, by: Person, color: Color, width: u8, points: Vec<Point>) -> Result<&Stroke, NotDrawn> {
        if self.points + points.len() > Self::MOST {
            return Err(NotDrawn::Full { most: Self::MOST });
        }
        self.points += points.len();
        self.strokes_ever += 1;
        self.strokes.push(Stroke { id: StrokeId(self.strokes_ever), by, color, width, points });
        Ok(&self.strokes[self.strokes.len() - 1])
    }

    fn remove_last(&mut self, by: Person) -> Option<StrokeId> {
        let at = self.strokes.iter().rposition(|stroke| stroke.by == by)?;
        let stroke = self.strokes.remove(at);
        self.points -= stroke.points.len();
        Some(stroke.id)
    }
}

impl Stroke {
    /// The most points of a stroke.
    const MOST: usize = 2000;
}

impl Point {
    fn is_inside(&self) -> bool {
        (0.0..=1600.0).contains(&self.0) && (0.0..=1000.0).contains(&self.1)
    }
}

/// The channel, and its page with the script that esbuild made.
pub fn server() -> Server<()> {
    let file = |name, kind, text| {
        warp::path(name).and(warp::path::end()).map(move || reply::with_header(text, "content-type", kind))
    };
    let page = warp::path::end().map(|| reply::html(include_str!("web/index.html")));
    let script = file("board.js", "text/javascript; charset=utf-8", include_str!("web/board.js"));
    let style = file("style.css", "text/css; charset=utf-8", include_str!("../pages/style.css"));
    channels![Board; client = "examples/board/web/channels.ts"].app(()).or(page.or(script).or(style))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
