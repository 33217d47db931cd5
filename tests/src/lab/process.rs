//! Programs run to their end within a time, with everything they said.

use std::{
    ffi::OsStr,
    fmt,
    io::Write as _,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use super::sys;

/// How long a program may take that does nothing but set things up.
pub const SHORT: Duration = Duration::from_secs(60);

/// What a program printed and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command line, for errors.
    pub command: String,
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended with exit code 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output of a program that had to succeed.
    pub fn ok(self) -> Result<String> {
        if !self.success() {
            bail!("{self}");
        }
        Ok(self.stdout)
    }

    /// Both streams in one text.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.code.map_or("ended by a signal".to_owned(), |code| {
            format!("exit code {code}")
        });
        write!(f, "{} ({ended}): {}", self.command, self.said().trim())
    }
}

/// Run to the end, or kill it when `limit` is over, which is an error.
pub fn run(command: &mut Command, limit: Duration) -> Result<Output> {
    run_with_input(command, "", limit)
}

/// As [`run`], with a text on standard input.
pub fn run_with_input(command: &mut Command, input: &str, limit: Duration) -> Result<Output> {
    let line = command_line(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {line}"))?;
    let id = child.id();
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    let ended = told.recv_timeout(limit);
    if ended.is_err() {
        let _ = sys::signal(id, libc::SIGKILL);
    }
    let late = ended.is_err();
    let output = ended
        .or_else(|_| told.recv())
        .context("the waiting thread is gone")??;
    let output = Output {
        command: line,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    if late {
        bail!("not done after {limit:?}: {output}");
    }
    Ok(output)
}

/// A command as one would type it.
pub fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}
