//! Adds the numbers that it is called with, and reports its run to Orchestra.

wit_bindgen::generate!({ path: "../../../wit", world: "orchestra:process/imports" });

use std::env;
use std::error::Error;

use orchestra::process::lifecycle::{Process, Reporter};

fn main() -> Result<(), Box<dyn Error>> {
    let variables: Vec<_> = env::vars().collect();
    let run_id = env::var("ORCHESTRA_TASK_RUN_ID")?;
    let process = Reporter::from_environment(&variables)?.open(&run_id, Some("add-numbers"))?;
    process.start(None, None)?;
    match add(&process) {
        Ok(total) => {
            process.set_output("total", &total.to_string())?;
            process.send_log("add-numbers.log", &format!("The total is {total}.\n"))?;
            Ok(process.complete(None, None)?)
        }
        Err(error) => {
            process.fail(Some(&error), None)?;
            Err(error.into())
        }
    }
}

fn add(process: &Process) -> Result<u64, String> {
    let mut total = 0;
    for (index, number) in env::args().skip(1).enumerate() {
        total += number.parse::<u64>().map_err(|_| format!("\"{number}\" is not a number"))?;
        // The work goes on if this is not acknowledged in time: it is kept, and goes out before the next report.
        _ = process.progress(Some(&format!("{} added", index + 1)), None);
    }
    Ok(total)
}
