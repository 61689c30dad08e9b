//! Writing to the terminal. A closed pipe (`red-panda check | head`) is no error of ours.

use std::io::{IsTerminal, Write};

/// Text for people and machines, on standard output.
pub(super) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// What is said beside a text for machines, on standard error.
pub(super) fn err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A sentence with its next step, on standard error.
pub(super) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr().lock(), "red-panda: {error:#}");
}

/// Colour only on a terminal, and not where `NO_COLOR` asks for none.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Logs for operators on standard error: JSON unless a person watches. `RUST_LOG` decides what is told.
pub(super) fn start_logging() {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        let _ = logs.try_init();
    } else {
        let _ = logs.json().try_init();
    }
}
