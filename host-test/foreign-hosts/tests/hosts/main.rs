//! The matrix: every example under every host. A test is named `EXAMPLE/HOST/CASE`, as a service `EXAMPLE/HOST-serve/CASE`.

mod many;
mod plugins;
mod rows;
mod trial;
mod wac;

use foreign_hosts::limit;
use libtest_mimic::{Arguments, Trial};

use rows::{ROWS, Row};

fn main() {
    let mut arguments = Arguments::from_args();
    // The first run of a component compiles it, on every core; those after it find it in wasmtime's cache.
    arguments.test_threads.get_or_insert(1);
    let limits = limit::all();
    let mut trials: Vec<Trial> = wac::trials();
    trials.extend(plugins::trials());
    trials.push(many::trial());
    for Row { examples, hosts, entries, cases } in ROWS {
        for example in *examples {
            for host in *hosts {
                for entry in *entries {
                    trials.extend(cases.iter().map(|case| trial::trial(example, *host, *entry, case, &limits)));
                }
            }
        }
    }
    for limit in &limits {
        let known = trials.iter().any(|trial| trial.name() == limit.test);
        assert!(known, "limits.json: there is no test {}", limit.test);
    }
    libtest_mimic::run(&arguments, trials).exit();
}
