//! SIGINT, SIGTERM, SIGHUP and SIGQUIT stop the task, which is then reported as cancelled. A second one ends this program at
//! once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use orchestra_host::CancellationToken;

/// A shell adds this to a signal's number.
const SIGNALLED: u8 = 128;
const SIGINT: u8 = 2;
#[cfg(unix)]
const SIGHUP: u8 = 1;
#[cfg(unix)]
const SIGQUIT: u8 = 3;
#[cfg(unix)]
const SIGTERM: u8 = 15;

/// The exit status that the first signal asks for; 0 before there is one.
#[derive(Clone, Default)]
pub struct Signalled(Arc<AtomicU8>);

impl Signalled {
    pub fn status(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// From now on a signal cancels. Must be called in a tokio runtime.
pub fn cancel_on_signals(cancellation: CancellationToken) -> io::Result<Signalled> {
    let mut signals = Signals::new()?;
    let signalled = Signalled::default();
    let seen = signalled.clone();
    tokio::spawn(async move {
        seen.0.store(SIGNALLED + signals.next().await, Ordering::Relaxed);
        cancellation.cancel();
        std::process::exit(i32::from(SIGNALLED + signals.next().await));
    });
    Ok(signalled)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone.
    hang_up: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
            _ = self.hang_up.recv() => SIGHUP,
            _ = self.quit.recv() => SIGQUIT,
        }
    }
}

/// Other systems have Ctrl-C only.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => SIGINT,
            Err(_) => std::future::pending().await,
        }
    }
}
