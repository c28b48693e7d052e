//! What a question costs: its round trip beside that of an echo, over TCP. Both are measured in turns, so that whatever else the
//! machine does falls on both alike.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use channel_runtime::{AskError, Config, Socket, channel, channels, message};
use tokio::runtime::Builder;

const TURNS: usize = 30;
const ROUND_TRIPS: u64 = 2000;

#[message(type = "echo")]
struct Echo {
    id: u64,
    text: String,
}

#[message(type = "question", answer = Echoed)]
struct Question {
    id: u64,
    text: String,
}

#[derive(serde::Deserialize)]
struct Echoed {
    id: u64,
    text: String,
}

struct Answered(Result<Echoed, AskError>);

#[channel("/bench")]
struct Bench;

#[channel(sends(Echo, Question))]
impl Bench {
    #[message]
    fn echo(&mut self, echo: Echo) -> Echo {
        echo
    }

    #[message(type = "ask")]
    fn ask(&mut self, socket: &Socket<Self>) {
        socket.ask(Question { id: 0, text: text() }).notify(Answered);
    }

    /// Asks for the next at once.
    #[notice]
    fn answered(&mut self, n: Answered, socket: &Socket<Self>) {
        let Ok(Echoed { id, text }) = n.0 else { return };
        socket.ask(Question { id: id + 1, text }).notify(Answered);
    }
}

fn text() -> String {
    "x".repeat(100)
}

/// A knowing client that blocks.
struct Client(TcpStream);

impl Client {
    fn connect(addr: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(addr).expect("the server listens");
        stream.set_nodelay(true).expect("a socket has it");
        let request = format!(
            "GET /bench HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: channels.1.json, channels.hello\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it is connected");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it answers");
            head.push(byte[0]);
        }
        let mut client = Self(stream);
        // `$hello` and `$joined`.
        client.receive();
        client.receive();
        client
    }

    fn send(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match text.len() {
            len @ 0..126 => frame.push(0x80 | len as u8),
            len => {
                frame.push(0xFE);
                frame.extend((len as u16).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).expect("it is connected");
    }

    fn receive(&mut self) -> String {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("it sends");
        let len = match head[1] {
            126 => {
                let mut len = [0; 2];
                self.0.read_exact(&mut len).expect("it sends");
                u16::from_be_bytes(len).into()
            }
            len => usize::from(len),
        };
        let mut text = vec![0; len];
        self.0.read_exact(&mut text).expect("it sends");
        String::from_utf8(text).expect("a text")
    }
}

/// The time of so many echoes.
fn echoes(client: &mut Client) -> Duration {
    let start = Instant::now();
    for id in 0..ROUND_TRIPS {
        client.send(&format!(r#"{{"type":"echo","id":{id},"text":"{}"}}"#, text()));
        client.receive();
    }
    start.elapsed()
}

/// The time of so many questions, of which the last one is left open.
fn questions(client: &mut Client) -> Duration {
    client.send(r#"{"type":"ask"}"#);
    let mut question = client.receive();
    let start = Instant::now();
    for _ in 0..ROUND_TRIPS {
        let (_, rest) = question.split_once(r#""$ask":"#).expect("a question");
        let (number, fields) = rest.split_once(',').expect("it has fields");
        client.send(&format!(r#"{{"type":"success","$ask":{number},"data":{{{fields}}}"#));
        question = client.receive();
    }
    start.elapsed()
}

fn main() {
    let (address, addresses) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let server = channels![Bench].app(()).config(Config::default().message_rate(None));
            let bound = server.bind("127.0.0.1:0").await.expect("a port is free");
            address.send(bound.local_addr()).expect("it is waited for");
            bound.run().await.expect("it serves until the program ends");
        });
    });
    let addr = addresses.recv().expect("it listens");
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        // A client for each, because a question is left open.
        let mut clients = [Client::connect(addr), Client::connect(addr)];
        let echo = |clients: &mut [Client; 2]| echoes(&mut clients[0]);
        let ask = |clients: &mut [Client; 2]| questions(&mut clients[1]);
        let (echo, ask) = match turn % 2 {
            0 => (echo(&mut clients), ask(&mut clients)),
            _ => {
                let ask = ask(&mut clients);
                (echo(&mut clients), ask)
            }
        };
        ratios.push(ask.as_secs_f64() / echo.as_secs_f64());
        times.push((echo, ask));
    }
    ratios.sort_by(f64::total_cmp);
    times.sort();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / ROUND_TRIPS as f64;
    let (echo, ask) = times[TURNS / 2];
    println!("an echo {:.2} µs, a question {:.2} µs", each(echo), each(ask));
    println!(
        "a question is {:.3} of an echo (at most 1.3), quartiles {:.3} to {:.3}",
        ratios[TURNS / 2],
        ratios[TURNS / 4],
        ratios[TURNS * 3 / 4]
    );
}
