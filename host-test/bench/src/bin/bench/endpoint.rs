//! The endpoint, as the suite has it.

use std::io;
use std::net::SocketAddr;

use delivery_bench::child::Child;

use crate::record::Tally;
use crate::server::Order;

/// By this argument the program becomes the endpoint.
pub const ROLE: &str = "be-the-endpoint";

/// A process that ends when this is dropped.
pub struct Endpoint {
    process: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Endpoint {
    /// It answers at once.
    pub fn start() -> io::Result<Self> {
        let mut process = Child::start(&[ROLE])?;
        let address: SocketAddr = process.hear()?;
        Ok(Self { process, url: format!("http://{address}") })
    }

    /// From now on it answers after this time, and counts anew.
    pub fn answer(&mut self, after_ms: u64) -> io::Result<()> {
        self.process.ask(&Order::Answer { after_ms })
    }

    /// From now on it answers nothing.
    pub fn hold(&mut self) -> io::Result<()> {
        self.process.ask(&Order::Hold)
    }

    /// What has arrived.
    pub fn tally(&mut self) -> io::Result<Tally> {
        self.process.ask(&Order::Tally)
    }
}
