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
        let ended = self.talk(arguments, Vec::new(), read)?;
        if !ended.success {
            return Err(ended.refusal(arguments));
        }
        ended.value.map_err(|error| broken(&error.to_string()))
    }

    /// What it prints when it is told `input`, and what it complains of, also where it refuses.
    pub(super) fn ask(&self, arguments: &[&str], input: Vec<u8>) -> Result<Ended<Vec<u8>>> {
        self.talk(arguments, input, |output| {
            let mut all = Vec::new();
            output.read_to_end(&mut all)?;
            Ok(all)
        })
    }

    /// What it prints when it is told `input`, where it does not refuse.
    pub(super) fn told(&self, arguments: &[&str], input: Vec<u8>) -> Result<String> {
        let ended = self.ask(arguments, input)?;
        if !ended.success {
            return Err(ended.refusal(arguments));
        }
        let printed = ended.value.map_err(|error| broken(&error.to_string()))?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    fn talk<T>(
        &self,
        arguments: &[&str],
        input: Vec<u8>,
        read: impl FnOnce(&mut BufReader<ChildStdout>) -> io::Result<T>,
    ) -> Result<Ended<T>> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if !input.is_empty() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().map_err(LocalError::NoGit)?;
        let (Some(output), Some(mut errors)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(broken("no pipe"));
        };
        // From other threads: who writes to a full pipe waits.
        let told = child.stdin.take().map(|mut pipe| std::thread::spawn(move || pipe.write_all(&input)));
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            errors.read_to_end(&mut said).map(|_| said)
        });
        let value = read(&mut BufReader::new(output));
        let said = said.join().ok().and_then(io::Result::ok).unwrap_or_default();
        // It may have had enough before it was told all.
        let _ = told.map(std::thread::JoinHandle::join);
        let success = child.wait().map_err(LocalError::NoGit)?.success();
        Ok(Ended { value, success, complaints: String::from_utf8_lossy(&said).into_owned() })
    }

    /// From here on it works on a copy of the index and writes objects to a scratch folder, at the top of the working
    /// tree: so the repository and its index stay as they are.
    pub(super) fn leave_repository(&mut self) -> Result<()> {
        let ask = |what: &[&str]| self.run(&[&["rev-parse"], what].concat()).map(|path| one_line(&path));
        let objects = ask(&["--path-format=absolute", "--git-path", "objects"])?;
        let index = ask(&["--path-format=absolute", "--git-path", "index"])?;
        let top = self.top()?;
        let folder = tempfile::tempdir().map_err(LocalError::NoGit)?;
        std::fs::create_dir(folder.path().join("objects")).map_err(LocalError::NoGit)?;
        if index.exists() {
            copy_with_age(&index, &folder.path().join("index")).map_err(LocalError::NoGit)?;
        }
        self.scratch = Some(Scratch { folder, objects_of_repository: quoted(&objects) });
        self.folder = top;
        Ok(())
    }

    /// The working tree's own folder.
    pub(super) fn top(&self) -> Result<PathBuf> {
        self.run(&["rev-parse", "--show-toplevel"]).map(|path| one_line(&path))
    }

    /// The folder that it works in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
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

/// How a call ended.
pub(super) struct Ended<T> {
    pub(super) value: io::Result<T>,
    pub(super) success: bool,
    /// What it wrote to its error output.
    pub(super) complaints: String,
}

impl<T> Ended<T> {
    pub(super) fn refusal(&self, arguments: &[&str]) -> LocalError {
        refusal(arguments, &self.complaints)
    }
}

/// A path may hold line ends itself.
fn one_line(printed: &str) -> PathBuf {
    PathBuf::from(printed.strip_suffix('\n').unwrap_or(printed))
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
    // Warnings come first. The first error may be what it only stumbled over: it stopped for what is fatal.
    let first = said.lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    if let Some(line) = first.filter(|line| ABSENT.iter().any(|sign| line.contains(sign))) {
        return absent(line);
    }
    let fatal = said.lines().find(|line| line.starts_with("fatal:"));
    let message = fatal.or(first).or(said.lines().next()).unwrap_or("no message").to_owned();
    LocalError::Git { command: (*arguments.first().unwrap_or(&"")).to_owned(), message }
}

fn broken(message: &str) -> LocalError {
    LocalError::Git { command: "cat-file".to_owned(), message: message.to_owned() }
}
