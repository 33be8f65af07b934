//! Many runs at once: whether all arrives, and how fast.

use std::time::{Duration, Instant};

use delivery_bench::sample::{median, repeated};
use delivery_bench::usage::processor_seconds;
use tokio::task::JoinSet;

use crate::figure::{Figure, count, digits, duration, time};
use crate::native::{self, Requests};
use crate::setting::{Failure, Setting};

/// Outputs of a run, beside its start and its end.
const OUTPUTS: usize = 3;

/// Everything at once, at an endpoint that takes its time.
pub fn all_at_once(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let (runs, after_ms) = setting.scale.all_at_once;
    let reported = setting.report((runs, runs), OUTPUTS, after_ms)?;
    let (tally, made) = (reported.tally, reported.made);
    let natively = natively(setting, &requests(setting)?, (runs, runs))?;
    let what = format!("{} runs at once, {} reports each, endpoint {}", count(runs as u64), OUTPUTS + 2, ms(after_ms));
    // One after the other in a run, and no more at a time than there are connections.
    let rounds = (made as f64 / tally.connections.max(1) as f64).max(OUTPUTS as f64 + 2.0);
    let ideal = rounds * after_ms as f64 / 1e3;
    let wall = reported.wall.as_secs_f64();
    let lost = made.saturating_sub(tally.reports);
    let of_all = |number: usize, of: usize| format!("{} of {}", count(number as u64), count(of as u64));
    Ok(vec![
        Figure::ratio("one-second-wall", format!("{what}: time"), wall, ideal).measured(time(wall)).beside(format!(
            "{}: reports ÷ {} connections × {}; {}: native clients, with a connection each",
            time(ideal),
            tally.connections,
            ms(after_ms),
            duration(natively)
        )),
        Figure::value("one-second-lost", "… reports that never arrived", lost as f64).measured(of_all(lost, made)),
        Figure::value("one-second-repeated", "… requests with a key that was there before", tally.repeated as f64)
            .measured(of_all(tally.repeated, tally.requests)),
        Figure::value("one-second-ended-twice", "… runs with two endings", tally.ended_twice as f64)
            .measured(of_all(tally.ended_twice, runs)),
    ])
}

/// Some at once, at an endpoint that takes 50 ms.
pub fn at_fifty_ms(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    const AFTER_MS: u64 = 50;
    let (runs, at_once) = (setting.scale.runs, setting.scale.at_once.0);
    let rates = rates(setting, (runs, at_once), OUTPUTS, AFTER_MS)?;
    let natively = natively(setting, &requests(setting)?, (runs, at_once))?;
    let natively = runs as f64 / natively.as_secs_f64();
    let reports = OUTPUTS + 2;
    let ideal = at_once as f64 / (reports as f64 * AFTER_MS as f64 / 1e3);
    let what = format!("{} runs, {at_once} at once, {reports} reports each, endpoint 50 ms", count(runs as u64));
    Ok(vec![
        Figure::ratio("fifty-ms", what, median(&rates), ideal)
            .measured(format!("{} runs/s", digits(median(&rates))))
            .beside(format!(
                "{} runs/s: every run waits for the endpoint only; {} runs/s: native clients",
                digits(ideal),
                digits(natively)
            )),
    ])
}

/// Few at once, at an endpoint that answers at once.
pub fn at_no_delay(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let (runs, at_once) = (setting.scale.runs, setting.scale.at_once.1);
    let mut figures = Vec::new();
    for (name, outputs) in [("at-once", 1), ("at-once-five", OUTPUTS)] {
        let requests = Requests::of(setting, &format!(r#"{{"do": "pour", "times": {outputs}}}"#))?;
        let (mut ours, mut neighbours, mut processor) = (Vec::new(), Vec::new(), Vec::new());
        repeated(setting.scale.repeats, setting.scale.patience, || {
            let before = processor_seconds()?;
            let reported = setting.report((runs, at_once), outputs, 0)?;
            processor.push((processor_seconds()? - before) / runs as f64);
            ours.push(runs as f64 / reported.wall.as_secs_f64());
            let wall = natively(setting, &requests, (runs, at_once))?;
            neighbours.push(runs as f64 / wall.as_secs_f64());
            Ok::<_, Failure>(())
        })?;
        let (ours, neighbours, processor) = (median(&ours), median(&neighbours), median(&processor));
        let what = format!(
            "{} runs, {at_once} at once, {} reports each, endpoint at once, its process included",
            count(runs as u64),
            outputs + 2
        );
        figures.push(
            Figure::ratio(name, what, ours, neighbours)
                .counts(ours)
                .measured(format!("{} runs/s, {} of the processor for each", digits(ours), time(processor)))
                .beside(format!("{} runs/s: a native keep-alive client with the same POSTs", digits(neighbours))),
        );
    }
    Ok(figures)
}

/// Those of one run.
fn requests(setting: &Setting) -> Result<Requests, Failure> {
    Requests::of(setting, &format!(r#"{{"do": "pour", "times": {OUTPUTS}}}"#))
}

/// The neighbour: as many runs' requests, as many clients at once, and the time for all.
fn natively(setting: &mut Setting, requests: &Requests, all: (usize, usize)) -> Result<Duration, Failure> {
    let before = setting.endpoint.tally()?.requests;
    let client = native::client(true)?;
    let began = Instant::now();
    setting.runtime.block_on(send_all(requests, &client, &setting.endpoint.url, all))?;
    let wall = began.elapsed();
    let (arrived, sent) = (setting.endpoint.tally()?.requests - before, all.0 * requests.count());
    if arrived != sent {
        return Err(format!("{arrived} of {sent} requests of the native clients arrived").into());
    }
    Ok(wall)
}

async fn send_all(
    requests: &Requests,
    client: &reqwest::Client,
    url: &str,
    (runs, at_once): (usize, usize),
) -> Result<(), Failure> {
    let mut clients = JoinSet::new();
    for number in 0..at_once {
        let share = runs / at_once + usize::from(number < runs % at_once);
        let (requests, client, url) = (requests.clone(), client.clone(), url.to_string());
        clients.spawn(async move {
            for _ in 0..share {
                requests.send(&client, &url).await?;
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    for sent in clients.join_all().await {
        sent?;
    }
    Ok(())
}

/// Runs in a second, each time.
fn rates(
    setting: &mut Setting,
    (runs, at_once): (usize, usize),
    outputs: usize,
    after_ms: u64,
) -> Result<Vec<f64>, Failure> {
    let (repeats, patience) = (setting.scale.repeats, setting.scale.patience);
    repeated(repeats, patience, || {
        Ok(runs as f64 / setting.report((runs, at_once), outputs, after_ms)?.wall.as_secs_f64())
    })
}

fn ms(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) { format!("{} s", milliseconds / 1000) } else { format!("{milliseconds} ms") }
}
