//! How soon after its start the command has sent its first report, its task being in the cache.

use std::process::{Command, Stdio};
use std::time::Instant;

use delivery_bench::sample::{median, quantile};
use delivery_bench::{place, runs};

use crate::capture::Capture;
use crate::figure::{Figure, time};
use crate::setting::{Failure, Setting};

/// From before the process is made to the arrival of the request on loopback.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    // Both are built into one folder, in one profile.
    let program = std::env::current_exe()?.with_file_name("orchestra-wasm");
    if !program.exists() {
        return Err("the command `orchestra-wasm` is not built".into());
    }
    let endpoint = Capture::start()?;
    let mut run = Command::new(&program);
    run.arg("run").arg(&setting.task_file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run.env_clear().env("HOME", place::folder()?).env("ORCHESTRA_WEBHOOK_URL", endpoint.url());
    run.env("ORCHESTRA_API_KEY", "a-key-for-loopback").env("ORCHESTRA_TASK_RUN_ID", runs::run_id(1));
    let mut version = Command::new(&program);
    version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).env_clear();
    // Fills the cache.
    succeed(&mut run)?;
    let (mut waits, mut neighbours) = (Vec::new(), Vec::new());
    for _ in 0..setting.scale.starts {
        endpoint.take();
        let began = Instant::now();
        succeed(&mut run)?;
        let (_, arrived) = endpoint.take().into_iter().next().ok_or("the command has reported nothing")?;
        waits.push(arrived.duration_since(began).as_secs_f64());
        let began = Instant::now();
        succeed(&mut version)?;
        neighbours.push(began.elapsed().as_secs_f64());
    }
    let (wait, neighbour) = (median(&waits), median(&neighbours));
    Ok(vec![
        Figure::ratio(
            "command",
            "`orchestra-wasm run` of a cached task, from its start to its first report",
            wait,
            neighbour,
        )
        .measured(format!("{}, at most {}", time(wait), time(quantile(&waits, 1.0))))
        .beside(format!("{}: `orchestra-wasm --version`, to its end", time(neighbour))),
    ])
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("the command failed: {status}").into()) }
}
