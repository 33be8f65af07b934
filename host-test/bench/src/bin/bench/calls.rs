//! One report: what it costs the task in the background, and what it costs to wait for it.

use std::time::Instant;

use delivery_bench::runs;
use delivery_bench::sample::{median, quantile, repeated};

use crate::figure::{Figure, digits, time};
use crate::native::{self, Requests};
use crate::sdk;
use crate::setting::{Failure, Setting};

/// Outputs of a run: fewer than wait for it in the outbox at most.
const OUTPUTS: usize = 100;
/// A measurement is made in as many turns.
const TURNS: usize = 10;
/// What is not delivered by then is given up: only the calls are measured.
const LEFT: [(&str, &str); 1] = [("ORCHESTRA_DELIVERY_TIMEOUT", "200ms")];

/// On the task's own clock.
pub fn in_the_background(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (name, &after_ms) in
        ["background-0", "background-1", "background-100", "background-1000"].into_iter().zip(setting.scale.delays_ms)
    {
        setting.endpoint.answer(after_ms)?;
        let [mut outputs, mut states, mut clocks] = [Vec::new(), Vec::new(), Vec::new()];
        for number in 0..setting.scale.timed_runs {
            let input = format!(r#"{{"do": "time-calls", "times": {OUTPUTS}}}"#);
            let ended = setting.end(runs::delivered(setting.run(number, &input), &LEFT));
            for (kind, micros) in [("output", &mut outputs), ("state", &mut states), ("clock", &mut clocks)] {
                micros.extend(of_kind(&ended.output, kind)?);
            }
        }
        let what = format!("a report in the background, endpoint {after_ms} ms: the task's wait");
        let (report, state) = (median(&outputs), median(&states));
        figures.push(
            Figure::ratio(name, what, report, state)
                .counts(report)
                .measured(format!("{} µs, the 99th percentile {} µs", digits(report), digits(quantile(&outputs, 0.99))))
                .beside(format!(
                    "{} µs: a call that reports nothing; {} µs: the clock",
                    digits(state),
                    digits(median(&clocks))
                )),
        );
    }
    Ok(figures)
}

/// The line of one kind, in microseconds.
fn of_kind(output: &str, kind: &str) -> Result<Vec<f64>, Failure> {
    let line = output.lines().find_map(|line| line.strip_prefix(kind));
    let line = line.ok_or_else(|| format!("the task has not written what it timed, but {output:?}"))?;
    line.split_whitespace().map(|nanos| Ok(nanos.parse::<f64>()? / 1e3)).collect()
}

/// An output and its `flush`, beside the same POST by others.
pub fn waited_for(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    setting.endpoint.answer(0)?;
    // In turns that are short, so that whatever else the machine does is shared by all.
    let times = setting.scale.waited_for.div_ceil(TURNS);
    let request = Requests::of(setting, r#"{"do": "pour", "times": 1}"#)?.only(1);
    let (kept, fresh) = (native::client(true)?, native::client(false)?);
    let sdk = sdk::environment();
    let [mut ours, mut keeping, mut connecting, mut of_sdk] = [const { Vec::new() }; 4];
    repeated(setting.scale.repeats * TURNS, setting.scale.patience, || {
        let input = format!(r#"{{"do": "time-acknowledged", "times": {times}}}"#);
        let ended = setting.end(setting.run(0, &input));
        let nanos: f64 = ended.output.trim().parse().map_err(|_| format!("the task failed: {}", ended.end))?;
        ours.push(nanos / 1e9 / times as f64);
        for (client, seconds) in [(&kept, &mut keeping), (&fresh, &mut connecting)] {
            let (request, client, url) = (request.clone(), client.clone(), setting.endpoint.url.clone());
            let before = setting.endpoint.tally()?.requests;
            let began = Instant::now();
            // In a task of its own, as a run is.
            let sending = setting.runtime.spawn(async move {
                for _ in 0..times {
                    request.send(&client, &url).await?;
                }
                Ok::<_, reqwest::Error>(())
            });
            setting.runtime.block_on(sending)??;
            seconds.push(began.elapsed().as_secs_f64() / times as f64);
            let arrived = setting.endpoint.tally()?.requests - before;
            if arrived != times {
                return Err(format!("{arrived} of {times} requests of the native client arrived").into());
            }
        }
        if let Ok(python) = &sdk {
            of_sdk.push(sdk::seconds(python, &setting.endpoint.url, times / 2)?);
        }
        Ok::<_, Failure>(())
    })?;
    let [ours, keeping, connecting] = [ours, keeping, connecting].map(|seconds| median(&seconds));
    let beside = |name, whom: &str, seconds| {
        Figure::ratio(name, "a report that is waited for", ours, seconds)
            .measured(time(ours))
            .beside(format!("{}: {whom}", time(seconds)))
    };
    let sdk = match sdk {
        Ok(_) => beside("blocking-sdk", "`orchestra-sdk` 0.2.0 in Python", median(&of_sdk)),
        Err(why) => Figure::value("blocking-sdk", "a report that is waited for", f64::NAN)
            .measured(time(ours))
            .beside(format!("`orchestra-sdk` 0.2.0 was not measured: {why}")),
    };
    Ok(vec![
        beside("blocking", "the same POST by a native client that keeps its connection", keeping),
        beside("blocking-connecting", "the same POST, each on a new connection", connecting),
        sdk,
    ])
}
