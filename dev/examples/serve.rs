//! Serves until its standard input ends: `cargo run -p orchestra-dev --example serve -- [PORT [FAIL_RATE [DELAY_MS]]]`.

use std::error::Error;
use std::time::Duration;
use std::{env, io};

use orchestra_dev::{Options, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let server = serve(Options {
        port: next("0").parse()?,
        fail_rate: next("0").parse()?,
        delay: Duration::from_millis(next("0").parse()?),
        ..Options::default()
    })?;
    println!("# {}\n{}", server.url(), server.environment());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
