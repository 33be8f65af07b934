//! Measures what reporting costs, each figure beside its neighbour, and writes `docs/performance.md`: `make bench`.
//!
//! `make bench-short` measures a little of everything, and fails if something was lost or doubled.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use clap::Parser;

mod bare;
mod calls;
mod capture;
mod command;
mod endpoint;
mod figure;
mod growth;
mod log;
mod machine;
mod many;
mod memory;
mod native;
mod page;
mod progress;
mod record;
mod scale;
mod sdk;
mod server;
mod setting;
mod target;
mod trigger;
mod unreported;

use figure::Figure;
use scale::Scale;
use setting::{Failure, Setting};

/// Measure what reporting costs, and write a page of it.
#[derive(Parser)]
struct Arguments {
    /// Measure a little of everything, in less than a minute. No page is written.
    #[arg(long)]
    short: bool,
    /// Only the measurements whose name contains this. No page is written.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Where the page is written.
    #[arg(long, value_name = "FILE", default_value = "docs/performance.md")]
    page: PathBuf,
}

type Measure = fn(&mut Setting) -> Result<Vec<Figure>, Failure>;

const MEASUREMENTS: &[(&str, Measure)] = &[
    ("all-at-once", many::all_at_once),
    ("fifty-ms", many::at_fifty_ms),
    ("at-once", many::at_no_delay),
    ("background", calls::in_the_background),
    ("waited-for", calls::waited_for),
    ("unreported", unreported::measure),
    ("memory", memory::measure),
    ("progress", progress::measure),
    ("log", log::measure),
    ("command", command::measure),
    ("trigger", trigger::measure),
    ("growth", growth::measure),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [endpoint::ROLE] => server::serve().map_err(Failure::from),
        [memory::ROLE, url, count, case] => as_number(count).and_then(|count| memory::be_measured(url, count, case)),
        [log::ROLE, url, mib] => as_number(mib).and_then(|mib| log::be_the_sender(url, mib as u64)),
        _ => return measure(&Arguments::parse()),
    };
    if let Err(error) = &result {
        eprintln!("bench: {error}");
    }
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn as_number(text: &str) -> Result<usize, Failure> {
    Ok(text.parse()?)
}

fn measure(arguments: &Arguments) -> ExitCode {
    let load = machine::load().unwrap_or_default();
    if load > machine::cores() as f64 / 2.0 {
        eprintln!("bench: others use this machine (load {load}): times will be worse than they need be");
    }
    let scale = if arguments.short { Scale::SHORT } else { Scale::FULL };
    let mut setting = match Setting::new(scale) {
        Ok(setting) => setting,
        Err(error) => {
            eprintln!("bench: nothing can be measured: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut figures = Vec::new();
    let is_wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| name.contains(only));
    for (name, measure) in MEASUREMENTS.iter().filter(|(name, _)| is_wanted(name)) {
        let began = Instant::now();
        match measure(&mut setting) {
            Ok(measured) => figures.extend(measured),
            Err(error) => setting.faults.push(format!("{name} was not measured: {error}")),
        }
        eprintln!("bench: {name}: {}", figure::duration(began.elapsed()));
    }
    let table = page::table(&figures, !arguments.short);
    println!("{table}");
    for fault in &setting.faults {
        eprintln!("bench: {fault}");
    }
    if arguments.short || arguments.only.is_some() {
        // Figures of a short measurement mean nothing, but everything arrives once.
        return if setting.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    eprintln!("bench: {} figure(s) miss their targets", page::missed(&figures));
    let path = foreign_hosts::root().join(&arguments.page);
    if let Err(error) =
        fs::write(&path, page::page(&format!("{}. Its load before was {load}", machine::describe()), &table))
    {
        eprintln!("bench: {}: {error}", arguments.page.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
