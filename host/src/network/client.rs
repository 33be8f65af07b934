//! The HTTP clients of a host: pooled connections, HTTP/2, the operating system's trust store, proxies from the
//! environment.

use std::path::Path;
use std::sync::Arc;

use super::descriptors::connections;
use super::pool::Pool;
use super::shortage::Shortage;
use super::trust::Trust;

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file with further certificate authorities cannot be read, or is not PEM.
    #[error("the certificate authorities in {path} cannot be read: {why}")]
    CertificateAuthorities {
        /// The file.
        path: String,
        /// The error of whoever reads it.
        why: String,
    },
    /// The operating system's trust store, or a proxy in the environment, cannot be used.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(String),
    /// [`Config::connections`](crate::Config::connections) cannot be used.
    #[error("Config::connections is {asked}: it must be 1 to {most}, or left out to follow `ulimit -n`")]
    Connections {
        /// How many were asked for.
        asked: usize,
        /// The most that can be asked for.
        most: usize,
    },
}

/// The HTTP clients of a host; all that run on it share their connections.
#[derive(Clone)]
pub(crate) struct Client(Arc<Pools>);

/// Tasks have connections of their own: with none of them, by what they do or leave, do they hold up a report.
struct Pools {
    reports: Arc<Pool>,
    requests_of_tasks: Arc<Pool>,
}

impl Client {
    /// With this many requests of reports under way at a time, and half as many of tasks.
    pub(crate) fn new(authorities: Option<&Path>, asked_connections: Option<usize>) -> Result<Self, NetworkError> {
        let for_reports = connections(asked_connections)?;
        let (trust, shortage) = (Arc::new(Trust::new(authorities)?), Arc::new(Shortage::default()));
        let pool = |connections| Pool::new(connections, Arc::clone(&trust), Arc::clone(&shortage)).map(Arc::new);
        let (reports, requests_of_tasks) = (pool(for_reports)?, pool(for_reports.div_ceil(2))?);
        Ok(Self(Arc::new(Pools { reports, requests_of_tasks })))
    }

    pub(super) fn reports(&self) -> &Arc<Pool> {
        &self.0.reports
    }

    pub(super) fn requests_of_tasks(&self) -> &Arc<Pool> {
        &self.0.requests_of_tasks
    }
}
