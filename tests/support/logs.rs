//! What a test's own thread logs.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;

thread_local! {
    /// What was logged in this thread, which is a test's own.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged from now on, at all levels and by whomever. Each test begins with it: of what was logged before somebody
/// listened, `tracing` remembers that nobody does.
pub struct Logs;

impl Logs {
    pub fn capture() -> Self {
        static LISTENS: Once = Once::new();
        LISTENS.call_once(|| {
            let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
            tracing::subscriber::set_global_default(subscriber.with_writer(|| Writer).finish()).unwrap();
        });
        LOGGED.take();
        Self
    }

    pub fn text(&self) -> String {
        String::from_utf8(LOGGED.with_borrow(Clone::clone)).unwrap()
    }

    /// The one line with this in it.
    #[track_caller]
    pub fn line(&self, part: &str) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(part)).collect();
        assert!(lines.len() == 1, "{part} in {} lines of\n{text}", lines.len());
        lines[0].to_owned()
    }
}
