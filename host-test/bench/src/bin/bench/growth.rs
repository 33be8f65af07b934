//! What time grows with, in short series.

use crate::figure::{Figure, time};
use crate::setting::{Failure, Setting};

/// Reports of a run, the start and the end among them.
const REPORTS: [usize; 3] = [3, 10, 30];
/// How long the endpoint takes.
const DELAYS_MS: [u64; 3] = [0, 10, 100];
/// While something else grows, a run has so many, and the endpoint takes so long.
const FEW: usize = 3;
const SHORT_MS: u64 = 50;

/// A row for each series: the last value through the first.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let (most, at_once) = (setting.scale.all_at_once.0, setting.scale.at_once.1);
    // Each series is as long as the others.
    let runs = setting.scale.runs / 3;
    let crowds = [most / 50, most / 10, most / 2];
    let [mut by_runs, mut by_reports, mut by_delay] = [const { Vec::new() }; 3];
    for crowd in crowds {
        by_runs.push(setting.report((crowd, crowd), FEW - 2, SHORT_MS)?.wall.as_secs_f64());
    }
    for reports in REPORTS {
        let reported = setting.report((runs * FEW / reports, at_once), reports - 2, 0)?;
        by_reports.push(reported.wall.as_secs_f64() / reported.made as f64);
    }
    for after_ms in DELAYS_MS {
        let wall = setting.report((runs, at_once), FEW - 2, after_ms)?.wall.as_secs_f64();
        by_delay.push(wall * at_once as f64 / runs as f64);
    }
    let waits = DELAYS_MS.map(|after_ms| (after_ms * FEW as u64) as f64 / 1e3);
    Ok(vec![
        row(
            "grows-runs",
            format!("{} runs at once, {FEW} reports each, endpoint {SHORT_MS} ms: all", list(&crowds)),
            &by_runs,
        )
        .beside(format!("{}: {FEW} answers", time((SHORT_MS * FEW as u64) as f64 / 1e3))),
        row(
            "grows-reports",
            format!("{} reports a run, {at_once} runs at once, endpoint at once: a report", list(&REPORTS)),
            &by_reports,
        )
        .beside("the first of them"),
        row(
            "grows-latency",
            format!("endpoint {} ms, {at_once} runs at once, {FEW} reports each: a run", list(&DELAYS_MS)),
            &by_delay,
        )
        .beside(format!("{}: {FEW} answers", times(&waits))),
    ])
}

fn row(name: &'static str, what: String, series: &[f64]) -> Figure {
    let ends = series.last().zip(series.first()).map(|(last, first)| (*last, *first));
    let (last, first) = ends.unwrap_or((f64::NAN, f64::NAN));
    Figure::ratio(name, what, last, first).measured(times(series))
}

fn times(series: &[f64]) -> String {
    list(&series.iter().map(|seconds| time(*seconds)).collect::<Vec<_>>())
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ")
}
