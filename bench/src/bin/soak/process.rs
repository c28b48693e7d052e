//! The server's process, from outside.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bench::os;
use bench::serving::{ANNOUNCEMENT, SEPARATOR};

use crate::server::Left;

pub struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub addr: SocketAddr,
}

impl Process {
    /// This program again, as the server.
    pub fn start(threads: usize) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", "--with-parent", "--threads", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut process = Self { child, questions, answers, addr: ([0, 0, 0, 0], 0).into() };
        let line = process.line()?;
        let addr = line.strip_prefix(ANNOUNCEMENT).and_then(|line| line.split_once(SEPARATOR)?.0.parse().ok());
        process.addr = addr.ok_or_else(|| io::Error::other("the server did not say where it listens"))?;
        Ok(process)
    }

    /// What there is at this moment.
    pub fn ask(&mut self) -> io::Result<Left> {
        let questions = self.questions.as_mut().expect("it is asked before it is stopped");
        questions.write_all(b"\n")?;
        questions.flush()?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// Stops the server, and asks what there is then.
    pub fn stop(&mut self) -> io::Result<Left> {
        // The end of the questions is what stops it.
        self.questions = None;
        let left = serde_json::from_str(&self.line()?)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("the server ended with {status}")));
        }
        Ok(left)
    }

    /// Its memory, in bytes.
    pub fn resident(&self) -> io::Result<u64> {
        os::resident(&[self.child.id()])
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which has been told already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
