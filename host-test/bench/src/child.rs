//! This program once more, in a process of its own, so that what it takes is nobody else's.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// It ends when it is dropped, because its standard input ends then.
pub struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program with these arguments. Its standard error is this program's.
    ///
    /// # Errors
    ///
    /// If the operating system starts no process.
    pub fn start(arguments: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let output = BufReader::new(output.ok_or_else(|| io::Error::other("the process has no standard output"))?);
        Ok(Self { process, input, output })
    }

    /// Its number, for signals.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Says something to it, a line of JSON.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("the process is told nothing any more"))?;
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        input.write_all(&line)
    }

    /// The next line that it writes, as JSON.
    ///
    /// # Errors
    ///
    /// If it has ended, with how; or if the line is something else.
    pub fn hear<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let status = self.process.wait()?;
            return Err(io::Error::other(format!("the process ended: {status}")));
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// An answer to a question.
    ///
    /// # Errors
    ///
    /// As [`say`](Self::say) and [`hear`](Self::hear).
    pub fn ask<T: DeserializeOwned>(&mut self, what: &impl Serialize) -> io::Result<T> {
        self.say(what)?;
        self.hear()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.input.take());
        // Whatever holds it up, nobody needs it any more. It was not waited for yet, or the number is not used again.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// In the process itself: writes a line of JSON for the one that started it.
///
/// # Errors
///
/// If that one has ended.
pub fn tell(what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}
