//! The command line: one file per command.

mod check;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps Django projects to the Red Panda Standards.
#[derive(Debug, Parser)]
#[command(name = "red-panda", version, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge what a branch or the working tree changes, like the bot would
    Check(check::Check),
}

/// Runs a command; the exit code is its verdict.
pub fn run(arguments: Arguments) -> ExitCode {
    let result = match arguments.command {
        Command::Check(check) => check.run(),
    };
    result.unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::from(2)
    })
}
