//! Writing to the terminal. A closed pipe (`red-panda check | head`) is no error of ours.

use std::io::Write;

/// Text for people and machines, on standard output.
pub(super) fn out(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A sentence with its next step, on standard error.
pub(super) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr().lock(), "red-panda: {error:#}");
}
