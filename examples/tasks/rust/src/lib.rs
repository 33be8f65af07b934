//! Adds up the orders of each region.

wit_bindgen::generate!({ path: "../../../wit", world: "orchestra:process/task-component" });

use std::collections::BTreeMap;
use std::fs;

use orchestra::process::lifecycle::Process;
use serde_json::{Value, json};

struct Orders;

export!(Orders);

impl exports::orchestra::process::task::Guest for Orders {
    fn run(process: &Process, input: String) -> Result<(), String> {
        let input: Value = serde_json::from_str(&input).map_err(|error| error.to_string())?;
        add_up(process, input["file"].as_str().ok_or("the input names no file")?)
    }
}

fn add_up(process: &Process, file: &str) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|_| format!("{file} cannot be read"))?;
    let rows: Vec<_> = text.lines().enumerate().skip(1).collect();
    // No report stops the work: whoever runs this task lists at its end what did not arrive.
    _ = process.progress(Some(&format!("{file} read")), Some(&json!({ "rows": rows.len() }).to_string()));

    let mut by_region = BTreeMap::new();
    for (index, row) in &rows {
        let (region, amount) = parse(row).map_err(|why| format!("{file}, line {}: {why}", index + 1))?;
        *by_region.entry(region).or_insert(0) += amount;
    }
    let total: u64 = by_region.values().sum();
    let outputs = [("rows", json!(rows.len())), ("total", json!(total)), ("by-region", json!(by_region))];
    for (name, value) in outputs {
        process.set_output(name, &value.to_string()).map_err(|error| error.to_string())?;
    }
    let log: String = by_region.iter().map(|(region, sum)| format!("{region}: {sum}\n")).collect();
    _ = process.send_log("orders.log", &log);
    Ok(())
}

/// The region and the amount, in cents, of a row such as `1001,north,12050`.
fn parse(row: &str) -> Result<(&str, u64), String> {
    let [_order, region, amount] = row.split(',').collect::<Vec<_>>()[..] else {
        return Err("expected order,region,amount".to_owned());
    };
    let amount = amount.parse().map_err(|_| format!("amount \"{amount}\" is not a number"))?;
    Ok((region, amount))
}
