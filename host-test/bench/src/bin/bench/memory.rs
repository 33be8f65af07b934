//! What a run takes of memory and of memory maps while many are there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use delivery_bench::child::{self, Child};
use delivery_bench::usage::Usage;
use delivery_bench::{place, runs};
use orchestra_host::{Observer, Run};
use serde::{Deserialize, Serialize};

use crate::figure::{Figure, count, digits};
use crate::setting::{Failure, Setting};

/// By this argument the program becomes the process whose memory is measured.
pub const ROLE: &str = "be-measured-in-memory";

/// What a task does: each tells that it is there.
const CASES: [(&str, &str); 2] = [
    // It returns, and its three reports wait.
    ("returned", r#"{"do": "write", "text": "here", "then": {"do": "pour", "times": 1}}"#),
    // It waits for the acknowledgement of an ending of its own: its own instance is there, too.
    ("waits", r#"{"do": "write", "text": "here", "then": {"do": "insist"}}"#),
];
const NAMES: [[&str; 3]; 2] = [
    ["memory-1000", "memory-5000", "memory-10000"],
    ["memory-waiting-1000", "memory-waiting-5000", "memory-waiting-10000"],
];
/// The endpoint is silent for as long as it takes until all runs are there.
const PATIENT: [(&str, &str); 4] = [
    ("ORCHESTRA_FIRST_BYTE_TIMEOUT", "1h"),
    ("ORCHESTRA_CONNECT_TIMEOUT", "1h"),
    ("ORCHESTRA_RETRY_BUDGET", "1h"),
    ("ORCHESTRA_DELIVERY_TIMEOUT", "1h"),
];

const LOOK: Duration = Duration::from_millis(50);
/// If no other run has come for so long, no more will come.
const STANDSTILL: Duration = Duration::from_secs(3);

/// What the process tells.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    /// Without a run.
    before: Usage,
    /// With all of them.
    during: Usage,
    /// How many of them were there.
    there: usize,
}

/// In this process: the runs. It ends when it is told something, and has told what it has seen.
pub fn be_measured(url: &str, count: usize, case: &str) -> Result<(), Failure> {
    let (_, input) = CASES.into_iter().find(|(name, _)| *name == case).ok_or("this is not a case")?;
    place::raise_descriptors();
    let runtime = tokio::runtime::Runtime::new()?;
    let task = {
        let _context = runtime.enter();
        place::host()?.load_file(&place::folder()?.join("task.wasm"))?
    };
    // What is made once is there, then.
    runtime.block_on(task.run(Run::default()));
    let before = Usage::now()?;
    let there = Arc::new(AtomicUsize::new(0));
    for number in 0..count {
        let (task, there) = (task.clone(), Arc::clone(&there));
        let observer = Observer::new(move |_, bytes| {
            // The task writes its line on standard output and then on standard error.
            if bytes.ends_with(b"\n") {
                there.fetch_add(1, Ordering::Relaxed);
            }
        });
        let run = runs::delivered(runs::run(url, number, input), &PATIENT);
        runtime.spawn(async move { task.run(Run { observer: Some(observer), ..run }).await });
    }
    let (mut last, mut since, mut during) = (0, Instant::now(), Usage::now()?);
    while since.elapsed() < STANDSTILL {
        sleep(LOOK);
        let now = Usage::now()?;
        let are_there = there.load(Ordering::Relaxed);
        let is_settled = are_there == 2 * count && now.resident_kib == during.resident_kib;
        during = now;
        if is_settled {
            break;
        }
        if are_there > last {
            (last, since) = (are_there, Instant::now());
        }
    }
    child::tell(&Seen { before, during, there: there.load(Ordering::Relaxed) / 2 })?;
    _ = io::stdin().read_line(&mut String::new());
    // The runs are given up with the process: everything was measured.
    std::process::exit(0)
}

/// In a process of its own for each number of runs.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for ((case, _), names) in CASES.into_iter().zip(NAMES) {
        for (name, &runs) in names.into_iter().zip(setting.scale.in_memory) {
            setting.endpoint.hold()?;
            let what = format!("memory of a run whose task {case}, while {} are there", count(runs as u64));
            let seen = Child::start(&[ROLE, &setting.endpoint.url, &runs.to_string(), case])?.hear::<Seen>();
            setting.endpoint.answer(0)?;
            let figure = match seen {
                Ok(seen) => figure(name, &what, runs, &seen),
                Err(error) => Figure::value(name, what, f64::NAN).measured(format!("not known: {error}")),
            };
            if figure.value.is_nan() {
                setting.faults.push(format!("{}: {}", figure.what, figure.measured));
            }
            figures.push(figure);
        }
    }
    Ok(figures)
}

fn figure(name: &'static str, what: &str, runs: usize, seen: &Seen) -> Figure {
    let Seen { before, during, there } = seen;
    let kib = during.resident_kib.saturating_sub(before.resident_kib) as f64 / (*there).max(1) as f64;
    let maps = during.maps.saturating_sub(before.maps) as f64 / (*there).max(1) as f64;
    let maps = format!("{} memory maps each, of 65 530 for all", digits(maps));
    if *there == runs {
        return Figure::value(name, what, kib).measured(format!("{} KiB", digits(kib))).beside(maps);
    }
    let measured = format!("only {} of {} came to be there", count(*there as u64), count(runs as u64));
    Figure::value(name, what, f64::NAN).measured(measured).beside(format!("{} KiB and {maps}", digits(kib)))
}
