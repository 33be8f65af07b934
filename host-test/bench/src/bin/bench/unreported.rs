//! A run without reports: what the host itself costs.

use std::sync::Arc;
use std::time::Instant;

use delivery_bench::sample::{median, repeated};
use delivery_bench::usage::processor_seconds;
use orchestra_host::{End, Run};

use crate::bare::Bare;
use crate::figure::{Figure, digits};
use crate::setting::{Failure, Setting};

/// A measurement is made in as many turns.
const TURNS: usize = 10;

/// One after the other.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    // In turns that are short, so that whatever else the machine does is shared by both.
    let runs = setting.scale.unreported.div_ceil(TURNS);
    let bare = Arc::new(Bare::new(&setting.task_file)?);
    let (mut ours, mut neighbours, mut processor) = (Vec::new(), Vec::new(), 0.0);
    repeated(setting.scale.repeats * TURNS, setting.scale.patience, || {
        let task = setting.task.clone();
        let (began, before) = (Instant::now(), processor_seconds()?);
        setting.runtime.block_on(setting.runtime.spawn(async move {
            for _ in 0..runs {
                let ended = task.run(Run { input: "{}".into(), ..Run::default() }).await;
                if ended.end != End::Returned {
                    return Err(format!("the task has {}", ended.end));
                }
            }
            Ok(())
        }))??;
        ours.push(began.elapsed().as_secs_f64() * 1e6 / runs as f64);
        processor += processor_seconds()? - before;
        let bare = Arc::clone(&bare);
        let began = Instant::now();
        setting.runtime.block_on(setting.runtime.spawn(async move {
            for _ in 0..runs {
                bare.run().await?;
            }
            Ok::<_, wasmtime::Error>(())
        }))??;
        neighbours.push(began.elapsed().as_secs_f64() * 1e6 / runs as f64);
        Ok::<_, Failure>(())
    })?;
    let processor = processor * 1e6 / (runs * ours.len()) as f64;
    let (ours, neighbours) = (median(&ours), median(&neighbours));
    Ok(vec![
        Figure::ratio("unreported", "a run without reports, from its start to its end", ours, neighbours)
            .counts(ours)
            .measured(format!("{} µs, {} µs of them the processor's", digits(ours), digits(processor)))
            .beside(format!("{} µs: wasmtime alone, with the same component", digits(neighbours))),
    ])
}
