//! A host's process, and all that it starts in turn.

use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wait_timeout::ChildExt;

/// No run takes longer, nor does a service to start, compilation of the component included.
pub const RUN_LIMIT: Duration = Duration::from_secs(300);

/// Killed, with all that it started, when it is dropped.
pub(crate) struct HostProcess {
    what: String,
    child: Child,
    lines: Mutex<Receiver<String>>,
    output: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl HostProcess {
    /// Without standard input.
    pub(crate) fn start(mut command: Command) -> Self {
        let what = format!("{command:?}");
        let (reader, writer) = pipe().expect("a pipe is made");
        let errors = writer.try_clone().expect("a pipe can be shared");
        // A group of its own, because jco starts a process in turn.
        command.stdin(Stdio::null()).stdout(writer).stderr(errors).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{what} does not start: {error}"));
        let (sender, lines) = channel();
        let output = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&output);
        let reader = Some(thread::spawn(move || keep(reader, &kept, &sender)));
        Self { what, child, lines: Mutex::new(lines), output, reader }
    }

    /// Waits until it has written a line with this text.
    ///
    /// # Panics
    ///
    /// If it ends before, or [`RUN_LIMIT`] is over.
    pub(crate) fn wait_for_line(&self, text: &str) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = String::new();
        while !line.contains(text) {
            line = lines.recv_timeout(RUN_LIMIT).unwrap_or_else(|error| {
                panic!("{} has not said {text:?} ({error}):\n{}", self.what, self.output());
            });
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// If [`RUN_LIMIT`] is over.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait_timeout(RUN_LIMIT).expect("a child can be waited for");
        let Some(status) = status else {
            panic!("{} was still running after {RUN_LIMIT:?}:\n{}", self.what, self.output());
        };
        // To its end: nobody else has the pipe.
        _ = self.reader.take().map(JoinHandle::join);
        status
    }

    /// What it wrote so far on standard output and standard error.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another's.
        if let Ok(None) = self.child.try_wait() {
            _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
            _ = self.child.wait();
        }
    }
}

fn keep(reader: PipeReader, output: &Mutex<String>, lines: &Sender<String>) {
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.push_str(&line);
        output.push('\n');
        // Nobody may wait for lines any more.
        _ = lines.send(line);
    }
}
