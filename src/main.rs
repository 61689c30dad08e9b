//! The one binary: parses arguments, starts logging, and hands over to `cli`.

use std::process::ExitCode;

use clap::Parser;
use red_panda::cli::{Arguments, run};

fn main() -> ExitCode {
    run(Arguments::parse())
}
