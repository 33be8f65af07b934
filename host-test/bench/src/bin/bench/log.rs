//! A long log through the contract's log resource: the time, and the memory of everybody that it goes through.

use std::time::{Duration, Instant};

use delivery_bench::child::{self, Child};
use delivery_bench::usage::{Usage, forget_peak};
use delivery_bench::{place, runs};
use host_test::guest::{API_KEY, Delivery, Guest, RUN_ID};
use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::figure::{Figure, digits, time};
use crate::native::{self, Requests};
use crate::setting::{Failure, Setting};

/// By this argument the program becomes the process that sends the log.
pub const ROLE: &str = "be-the-sender-of-a-log";

/// As the contract has it.
const PART_BYTES: u64 = 256 * 1024;
const PIECE: usize = 64 * 1024;

/// What the process tells.
#[derive(Debug, Serialize, Deserialize)]
struct Sent {
    wall: Duration,
    before: Usage,
    after: Usage,
    trouble: Vec<String>,
    is_acknowledged: bool,
}

/// In this process: one run with a log of this length.
pub fn be_the_sender(url: &str, mib: u64) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let task = {
        let _context = runtime.enter();
        place::host()?.load_file(&place::folder()?.join("task.wasm"))?
    };
    let send = |number, mib| {
        runtime.block_on(task.run(runs::run(url, number, &format!(r#"{{"do": "log-much", "mib": {mib}}}"#))))
    };
    // What is made once is there, then.
    send(0, 1);
    forget_peak()?;
    let before = Usage::now()?;
    let began = Instant::now();
    let ended = send(1, mib);
    let wall = began.elapsed();
    let (trouble, is_acknowledged) = (ended.trouble, ended.is_acknowledged);
    child::tell(&Sent { wall, before, after: Usage::now()?, trouble, is_acknowledged })?;
    Ok(())
}

/// In a process of its own, so that the peak is nobody else's.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let (mib, mib_alone) = setting.scale.log_mib;
    setting.endpoint.answer(0)?;
    let sent: Sent = Child::start(&[ROLE, &setting.endpoint.url, &mib.to_string()])?.hear()?;
    if !sent.trouble.is_empty() || !sent.is_acknowledged {
        setting.faults.push(format!("a log of {mib} MiB: {:?}", sent.trouble));
    }
    let parts = mib * 1024 * 1024 / PART_BYTES;
    let tally = setting.endpoint.tally()?;
    // Two runs with a start and an end each, and the four parts of the first.
    let made = usize::try_from(parts)? + 4 + usize::try_from(1024 * 1024 / PART_BYTES)?;
    if tally.reports != made || tally.repeated > 0 {
        setting.faults.push(format!("a log of {mib} MiB: {tally:?}, and {made} reports were made"));
    }
    let wall = sent.wall.as_secs_f64();
    let neighbours = natively(setting, parts)?;
    let growth = sent.after.peak_kib.saturating_sub(sent.before.resident_kib) as f64 / 1024.0;
    let component = memory_of_the_component(mib_alone)?;
    let what = format!("a log of {mib} MiB");
    let rate = |seconds: f64| format!("{}, {} MiB/s", time(seconds), digits(mib as f64 / seconds));
    Ok(vec![
        Figure::ratio("log", &what, wall, neighbours)
            .measured(rate(wall))
            .beside(format!("{}: the same parts by a native keep-alive client", rate(neighbours))),
        Figure::value("log-component", "… the component's memory", component)
            .measured(format!("{} MiB", digits(component)))
            .beside(format!("after {mib_alone} MiB, in the test harness")),
        Figure::value("log-host", "… how far the host's peak is above its memory before", growth)
            .measured(format!("{} MiB", digits(growth)))
            .beside(format!("{} MiB before", digits(sent.before.resident_kib as f64 / 1024.0))),
    ])
}

fn natively(setting: &mut Setting, parts: u64) -> Result<f64, Failure> {
    let text = "x".repeat(usize::try_from(PART_BYTES)?);
    let body = format!(r#"{{"event_type":"LOG","metadata":{{}},"log_name":"run.log","data":"{text}"}}"#);
    let part = Requests::of(setting, "{}")?.with_body(body.into());
    let (client, url) = (native::client(true)?, setting.endpoint.url.clone());
    let before = setting.endpoint.tally()?.requests as u64;
    let began = Instant::now();
    let sending = setting.runtime.spawn(async move {
        for _ in 0..parts {
            part.send(&client, &url).await?;
        }
        Ok::<_, reqwest::Error>(())
    });
    setting.runtime.block_on(sending)??;
    let seconds = began.elapsed().as_secs_f64();
    let arrived = setting.endpoint.tally()?.requests as u64 - before;
    if arrived != parts {
        return Err(format!("{arrived} of {parts} parts of the native client arrived").into());
    }
    Ok(seconds)
}

/// In MiB, all of its linear memory.
fn memory_of_the_component(mib: u64) -> Result<f64, Failure> {
    let endpoint = Capture::start()?;
    let guest = Guest::new();
    let wrong = |error: &dyn std::fmt::Debug| format!("a log of {mib} MiB in the harness: {error:?}");
    let reporter = guest.webhook(API_KEY).map_err(|error| wrong(&error))?;
    reporter.set_endpoint(&endpoint.url()).map_err(|error| wrong(&error))?;
    reporter.set_delivery(Delivery::Background);
    let process = reporter.open(RUN_ID, None).map_err(|error| wrong(&error))?;
    let log = process.open_log("run.log").map_err(|error| wrong(&error))?;
    let piece = "x".repeat(PIECE);
    for _ in 0..mib * 1024 * 1024 / PIECE as u64 {
        log.write(&piece).map_err(|error| wrong(&error))?;
    }
    drop(log);
    process.complete(None, None).map_err(|error| wrong(&error))?;
    Ok(guest.memory_bytes() as f64 / 1024.0 / 1024.0)
}
