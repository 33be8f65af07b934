//! The mock endpoint in a process of its own, which can be stopped.

use std::io::{self, BufRead};

use delivery_bench::child::{self, Child};
use delivery_bench::place;
use host_test::endpoint::{MockEndpoint, status};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

use crate::faults;

/// By this argument the program becomes the endpoint.
pub const ROLE: &str = "be-the-endpoint";

/// A request that has arrived, as far as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrived {
    pub key: String,
    pub body: String,
    /// Whether that is all of the body.
    pub is_complete: bool,
    /// In the head of the answer, if one was meant to be sent.
    pub status: Option<u16>,
}

/// It ends when this is dropped.
pub struct Endpoint {
    process: Child,
    pub url: String,
}

/// In this process: answers as many requests by this seed, and all that follow in order.
pub fn serve(seed: u64, answers: usize) -> io::Result<()> {
    place::raise_descriptors();
    let mut random = SmallRng::seed_from_u64(seed);
    let script: Vec<_> = (0..answers).map(|_| faults::answer(&mut random)).collect();
    let endpoint = MockEndpoint::first_then(script, status(200));
    child::tell(&endpoint.url())?;
    // A line asks for what has arrived.
    for line in io::stdin().lock().lines() {
        line?;
        let arrived: Vec<Arrived> = endpoint
            .exchanges()
            .into_iter()
            .map(|(request, status)| Arrived {
                key: request.header("idempotency-key").unwrap_or_default().to_string(),
                body: String::from_utf8_lossy(&request.body).into_owned(),
                is_complete: request.body_complete,
                status,
            })
            .collect();
        child::tell(&arrived)?;
    }
    // Without its listing, which would be long.
    std::process::exit(0)
}

impl Endpoint {
    pub fn start(seed: u64, answers: usize) -> io::Result<Self> {
        let mut process = Child::start(&[ROLE, &seed.to_string(), &answers.to_string()])?;
        let url = process.hear()?;
        Ok(Self { process, url })
    }

    /// Its number, for signals.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything that has arrived, in the order of arrival.
    pub fn arrived(&mut self) -> io::Result<Vec<Arrived>> {
        self.process.ask(&())
    }
}
