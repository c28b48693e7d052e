//! A server in a process of its own that is asked, by a line on its stdin, how it is, and answers by a line of JSON.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::serving::{ANNOUNCEMENT, SEPARATOR};

/// The questions on this process's stdin, which end with it.
pub fn questions() -> UnboundedReceiver<()> {
    let (questions, asked) = unbounded_channel();
    std::thread::spawn(move || {
        for _ in io::stdin().lock().lines() {
            // A server that has stopped is asked no more.
            _ = questions.send(());
        }
    });
    asked
}

/// The server's process, from outside; killed when dropped.
#[derive(Debug)]
pub struct Asked {
    /// The process.
    pub process: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Asked {
    /// Starts a command that is such a server.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (questions, answers) = (process.stdin.take(), process.stdout.take());
        let answers = BufReader::new(answers.ok_or(io::ErrorKind::BrokenPipe)?);
        let mut server = Self { process, addr: ([0, 0, 0, 0], 0).into(), questions, answers };
        let line = server.line()?;
        let addr = line.strip_prefix(ANNOUNCEMENT).and_then(|line| line.split_once(SEPARATOR)?.0.parse().ok());
        server.addr = addr.ok_or_else(|| io::Error::other("the server did not say where it listens"))?;
        Ok(server)
    }

    /// Asks, and reads the answer.
    pub fn ask<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let questions = self.questions.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        questions.write_all(b"\n")?;
        questions.flush()?;
        self.answer()
    }

    /// Ends the questions, which stops the server.
    pub fn stop(&mut self) {
        self.questions = None;
    }

    /// Reads an answer that it gives by itself.
    pub fn answer<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
