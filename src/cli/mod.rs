//! The command line: one file per command.

pub mod assembly;
mod check;
mod demo;
mod markdown;
mod output;
mod rules;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps Django projects to the Red Panda Standards, one pull request at a time
#[derive(Debug, Parser)]
#[command(name = "red-panda", version, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge what a branch or the working tree changes, like the bot would
    Check(check::Check),
    /// List the rules, or explain one
    Rules(rules::Rules),
    /// Receive webhooks and review pull requests
    Serve(serve::Serve),
    /// Show a review from webhook to comment, without network, account or settings
    Demo(demo::Demo),
}

/// Runs a command; the exit code is its verdict.
pub fn run(arguments: Arguments) -> ExitCode {
    // One TLS provider for all clients; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let result = match arguments.command {
        Command::Check(check) => check.run(),
        Command::Rules(rules) => rules.run(),
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
    };
    result.unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::from(2)
    })
}
