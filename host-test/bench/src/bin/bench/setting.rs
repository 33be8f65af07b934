//! What all measurements share: a host with a loaded task, and the endpoint.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use delivery_bench::{place, runs};
use orchestra_host::{Run, Task};
use tokio::runtime::Runtime;

use crate::endpoint::Endpoint;
use crate::record::Tally;
use crate::scale::Scale;

/// Why a figure could not be measured.
pub type Failure = Box<dyn Error>;

/// One host in this process, one endpoint in another.
pub struct Setting {
    pub scale: Scale,
    pub runtime: Runtime,
    pub task: Task,
    pub task_file: PathBuf,
    pub endpoint: Endpoint,
    /// What was lost, doubled, or not as it should be, a sentence each.
    pub faults: Vec<String>,
}

/// Runs that were all reported.
pub struct Reported {
    pub wall: Duration,
    pub tally: Tally,
    /// The reports that these runs have made.
    pub made: usize,
}

impl Setting {
    pub fn new(scale: Scale) -> Result<Self, Failure> {
        place::raise_descriptors();
        let task_file = place::task()?;
        let runtime = Runtime::new()?;
        let task = {
            let _context = runtime.enter();
            place::host()?.load_file(&task_file)?
        };
        Ok(Self { scale, runtime, task, task_file, endpoint: Endpoint::start()?, faults: Vec::new() })
    }

    /// A run of the task that is reported to the endpoint.
    pub fn run(&self, number: usize, input: &str) -> Run {
        runs::run(&self.endpoint.url, number, input)
    }

    /// One run to its end.
    pub fn end(&self, run: Run) -> orchestra_host::Ended {
        let task = self.task.clone();
        // In a task of its own, as a server has it: this thread is none of the runtime's.
        let running = self.runtime.spawn(async move { task.run(run).await });
        self.runtime.block_on(running).expect("a run does not panic")
    }

    /// As many runs, as many at once, of as many outputs each, at an endpoint that takes this long. What did not arrive
    /// once is a fault.
    pub fn report(
        &mut self,
        (count, at_once): (usize, usize),
        outputs: usize,
        after_ms: u64,
    ) -> Result<Reported, Failure> {
        self.endpoint.answer(after_ms)?;
        let input = format!(r#"{{"do": "pour", "times": {outputs}}}"#);
        let url = self.endpoint.url.clone();
        let make = move |number| runs::run(&url, number, &input);
        let running = runs::all(&self.task, (count, at_once), make, |_, ended| {
            (ended.is_acknowledged, ended.trouble.into_iter().next())
        });
        let ran = self.runtime.block_on(running);
        let tally = self.endpoint.tally()?;
        // The start, and the end.
        let made = count * (outputs + 2);
        let what = format!("{count} runs, {at_once} at once, the endpoint after {after_ms} ms");
        let unacknowledged = ran.results.iter().filter(|(is_acknowledged, _)| !is_acknowledged).count();
        let trouble = ran.results.iter().filter_map(|(_, trouble)| trouble.as_deref()).next();
        if tally.reports != made || tally.changed + tally.repeated + tally.ended_twice + unacknowledged > 0 {
            self.faults.push(format!(
                "{what}: {} of {made} reports arrived, {} requests repeated a key, {} keys were on another body, {} runs \
                 ended twice, {unacknowledged} endings were not acknowledged; {}",
                tally.reports,
                tally.repeated,
                tally.changed,
                tally.ended_twice,
                trouble.unwrap_or("no run says why")
            ));
        } else if let Some(trouble) = trouble {
            self.faults.push(format!("{what}: all arrived, and yet: {trouble}"));
        }
        Ok(Reported { wall: ran.wall, tally, made })
    }
}
