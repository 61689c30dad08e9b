//! How far a run is, on one line of standard error that is gone when the run ends.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::bounds::Progress;

/// A run that is shorter shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_millis(100);
/// Back to the line's start, and nothing on it.
const WIPE: &str = "\r\u{1b}[K";

/// As long as it lives, a person sees the line.
pub(super) struct Line {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    /// Only where a person watches, on a terminal that can take a line back.
    pub(super) fn show(progress: Arc<Progress>) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !std::io::stderr().is_terminal() || is_dumb {
            return Self { stop: None, thread: None };
        }
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut wait = PATIENCE;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = BEAT;
                write(&format!("{WIPE}{}", words(&progress)));
            }
            if wait == BEAT {
                write(WIPE);
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn words(progress: &Progress) -> String {
    match progress.now() {
        Some((looked_at, files)) => format!("{looked_at} of {files} files looked at"),
        None => "Reading the files".to_owned(),
    }
}

fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
