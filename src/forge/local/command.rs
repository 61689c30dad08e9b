//! Calls of `git`: no network, no prompts, no foreign programs, no writes to the repository.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::model::id::Sha;
use crate::source::Blob;
use crate::source::tree::MAX_FILE;

use super::{LocalError, Result};
use crate::forge::Take;

#[derive(Debug)]
pub(super) struct Git {
    folder: PathBuf,
    /// Holds the working tree's objects and index while we look at them.
    scratch: Option<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    folder: TempDir,
    /// As Git reads it in a list of folders.
    objects_of_repository: String,
}

impl Git {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), scratch: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(["-c", "core.quotePath=off", "-c", "core.fsmonitor=false"])
            .args(["-c", "core.hooksPath=/dev/null", "-c", "core.safecrlf=false"])
            .args(["-c", "advice.addEmbeddedRepo=false"])
            .args(arguments);
        command
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .env_remove("GIT_EXTERNAL_DIFF")
            // In a hook they name the hook's repository, which need not be the one that we were given.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_COMMON_DIR")
            .stdin(Stdio::null());
        if let Some(scratch) = &self.scratch {
            let folder = scratch.folder.path();
            command
                .env("GIT_INDEX_FILE", folder.join("index"))
                .env("GIT_OBJECT_DIRECTORY", folder.join("objects"));
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &scratch.objects_of_repository);
        }
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.run_bytes(arguments)?).into_owned())
    }

    pub(super) fn run_bytes(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        self.read(arguments, |output| {
            let mut all = Vec::new();
            output.read_to_end(&mut all)?;
            Ok(all)
        })
    }

    /// Takes in what it prints while it prints it: a diff may be longer than memory.
    pub(super) fn read<T>(
        &self,
        arguments: &[&str],
        read: impl FnOnce(&mut BufReader<ChildStdout>) -> io::Result<T>,
    ) -> Result<T> {
        let mut command = self.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(LocalError::NoGit)?;
        let (Some(output), Some(mut errors)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(broken("no pipe"));
        };
        // From another thread: who writes to a full pipe waits.
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            errors.read_to_end(&mut said).map(|_| said)
        });
        let value = read(&mut BufReader::new(output));
        let said = said.join().ok().and_then(io::Result::ok).unwrap_or_default();
        if child.wait().map_err(LocalError::NoGit)?.success() {
            return value.map_err(|error| broken(&error.to_string()));
        }
        Err(refusal(arguments, &String::from_utf8_lossy(&said)))
    }

    /// Tracked changes and untracked files that Git does not ignore, as a tree: written to a scratch folder, so that
    /// the repository and its index stay as they are.
    pub(super) fn hold_working_tree(&mut self) -> Result<Sha> {
        let paths = self.run(&[
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "objects",
            "--git-path",
            "index",
        ])?;
        let mut paths = paths.lines().map(PathBuf::from);
        let (objects, index) = (paths.next().unwrap_or_default(), paths.next().unwrap_or_default());
        let top = self.run(&["rev-parse", "--show-toplevel"])?;
        let folder = tempfile::tempdir().map_err(LocalError::NoGit)?;
        std::fs::create_dir(folder.path().join("objects")).map_err(LocalError::NoGit)?;
        if index.exists() {
            copy_with_age(&index, &folder.path().join("index")).map_err(LocalError::NoGit)?;
        }
        self.scratch = Some(Scratch { folder, objects_of_repository: quoted(&objects) });
        self.folder = PathBuf::from(top.trim_end_matches('\n'));
        self.run(&["add", "-A"])?;
        let tree = self.run(&["write-tree"])?;
        Sha::parse(tree.trim()).ok_or_else(|| LocalError::Git {
            command: "write-tree".to_owned(),
            message: "it named no tree".to_owned(),
        })
    }

    /// Contents of objects by name (`<blob>` or `<commit>:<path>`), in one process, until `take` has had enough.
    pub(super) fn cat_files(&self, names: &[String], take: &mut Take<'_>) -> Result<()> {
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(LocalError::NoGit)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken("no pipe"));
        };
        // Written from another thread: both pipes fill up otherwise.
        let lines: String = names
            .iter()
            .map(|name| if name.contains('\n') { "\n".to_owned() } else { format!("{name}\n") })
            .collect();
        let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
        let mut output = BufReader::new(output);
        let read =
            names.iter().enumerate().try_for_each(|(place, name)| match read_object(&mut output, name) {
                Ok(blob) => take(place, blob).map_break(|()| Ok(())),
                Err(error) => ControlFlow::Break(Err(error)),
            });
        // Its pipe closed, it ends before it has said all.
        drop(output);
        let _ = writer.join();
        let _ = child.wait();
        read.break_value().unwrap_or(Ok(()))
    }
}

/// One answer of `cat-file --batch`: `<sha> blob <size>\n<bytes>\n`, or `<name> missing\n`.
fn read_object(output: &mut impl BufRead, name: &str) -> Result<Blob> {
    let mut header = String::new();
    output.read_line(&mut header).map_err(|e| broken(&e.to_string()))?;
    let header = header.trim_end();
    if header.ends_with(" missing") || header.is_empty() {
        // A path that is not there is an answer; a blob that the tree names and the clone lacks is not.
        return if name.contains(':') { Ok(Blob::Missing) } else { Err(absent(name)) };
    }
    let mut words = header.rsplit(' ');
    let size: u64 =
        words.next().and_then(|w| w.parse().ok()).ok_or_else(|| broken("an answer without a size"))?;
    let kind = words.next().unwrap_or("");
    let mut content = Vec::new();
    if kind == "blob" && size <= MAX_FILE {
        output.take(size).read_to_end(&mut content).map_err(|e| broken(&e.to_string()))?;
    } else {
        std::io::copy(&mut output.take(size), &mut std::io::sink()).map_err(|e| broken(&e.to_string()))?;
    }
    output.read_exact(&mut [0]).map_err(|e| broken(&e.to_string()))?;
    Ok(match kind {
        "blob" if size <= MAX_FILE => Blob::from_bytes(&content),
        "blob" => Blob::TooLarge(Some(size)),
        _ => Blob::Missing,
    })
}

/// A file that was written when the index was, or later, is read: a copy that looked younger would hide its edit.
fn copy_with_age(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    std::fs::File::open(to)?.set_modified(std::fs::metadata(from)?.modified()?)
}

/// A path in quotes: a bare one ends at its first colon.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

/// What Git says when an object that others name is not there.
const ABSENT: [&str; 7] = [
    "promisor",
    "missing",
    "not allowed",
    "unable to read",
    "Could not read",
    "bad object",
    "not a tree object",
];

/// Names the object that the message names.
pub(super) fn absent(message: &str) -> LocalError {
    let id = message.split(|c: char| !c.is_ascii_hexdigit()).find_map(Sha::parse);
    LocalError::Absent(id.map_or_else(|| "an object".to_owned(), |id| format!("object {}", id.short())))
}

/// Why it stopped, by what it said.
fn refusal(arguments: &[&str], said: &str) -> LocalError {
    // Warnings come first: why it stopped is what begins so.
    let fault = said.lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let message = fault.or(said.lines().next()).unwrap_or("no message").to_owned();
    if ABSENT.iter().any(|sign| message.contains(sign)) {
        return absent(&message);
    }
    LocalError::Git { command: (*arguments.first().unwrap_or(&"")).to_owned(), message }
}

fn broken(message: &str) -> LocalError {
    LocalError::Git { command: "cat-file".to_owned(), message: message.to_owned() }
}
