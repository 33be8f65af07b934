//! A command that knows nothing of Orchestra, and does what its arguments say.

use std::process::ExitCode;

mod search;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["return", status] => ExitCode::from(status.parse::<u8>().unwrap_or(99)),
        ["exit", status] => std::process::exit(status.parse().unwrap_or(99)),
        ["trap"] => panic!("as the arguments say"),
        ["loop"] => loop {
            std::hint::spin_loop();
        },
        ["search"] => {
            println!("{}", search::everything());
            ExitCode::SUCCESS
        }
        _ => {
            println!("TASK_INPUT={}", std::env::var("TASK_INPUT").unwrap_or_default());
            ExitCode::SUCCESS
        }
    }
}
