//! A local endpoint to develop against: it takes what Orchestra takes, and shows it on a page as it happens.
//!
//! ```
//! use orchestra_dev::{Options, serve};
//!
//! let server = serve(Options::default())?;
//! println!("{}", server.environment());
//! # std::io::Result::Ok(())
//! ```
//!
//! It speaks both protocols, the webhook (`POST /`) and jobs (`POST /jobs/sdk/sdk_receive?clientid=…`). Each report is kept
//! with its run, and checked against [Orchestra's rules](Breach): a report that breaks one has a warning on the page. The
//! endpoint can fail reports on purpose, so that people see what retries do.
//!
//! It is not Orchestra: it starts nothing, and forgets everything when it ends. Where Orchestra's answers are not known, its
//! own are a guess, which [`Breach::refusal`] lists. It listens only on loopback, and refuses requests for another host name
//! (DNS rebinding) and from pages of other sites.

mod breach;
mod event;
mod feed;
#[cfg(test)]
mod fuzz;
mod misbehaviour;
mod options;
mod page;
mod progress;
mod report;
mod run;
mod runs;
mod site;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use orchestra_endpoint::LiveEndpoint;
use uuid::Uuid;

use site::Site;

pub use breach::Breach;
pub use event::{ATTEMPTS_PER_EVENT, SHOWN_TEXT_BYTES};
pub use feed::{KEPT_MESSAGES, PAGES};
pub use options::{FailRate, FailStatus, InvalidOption, Options};
pub use runs::{EVENTS_PER_RUN, KEPT_BYTES, RUNS};

/// The server. Dropping it ends it.
pub struct Server {
    endpoint: LiveEndpoint,
    has_own_key: bool,
}

/// Serves on 127.0.0.1, in a thread of its own.
///
/// # Errors
///
/// If the port is in use, or this user may not listen on it.
pub fn serve(options: Options) -> io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    let has_own_key = options.key.is_some();
    let endpoint = LiveEndpoint::serve(listener, Site(Arc::new(site::Shared::new(options))))?;
    Ok(Server { endpoint, has_own_key })
}

impl Server {
    /// The URL of the page and of the webhook: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.endpoint.address())
    }

    /// The environment to set for a task that is to report here, as lines for a shell. Each call names a new run.
    ///
    /// It does not contain a key that was given.
    pub fn environment(&self) -> String {
        let key = if self.has_own_key {
            "# ORCHESTRA_API_KEY: the key that this endpoint was started with"
        } else {
            "export ORCHESTRA_API_KEY=local-key"
        };
        let (url, run) = (self.url(), Uuid::new_v4());
        format!("export ORCHESTRA_WEBHOOK_URL={url}\n{key}\nexport ORCHESTRA_TASK_RUN_ID={run}\n")
    }
}
