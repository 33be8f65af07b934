//! Prints the sum of the orders of each region, in cents: `command-example FILE`; without a file, of `orders.csv`.

use std::collections::BTreeMap;
use std::{env, fs, process};

fn main() {
    let file = env::args().nth(1).unwrap_or_else(|| "orders.csv".to_owned());
    match summary(&file) {
        Ok(summary) => print!("{summary}"),
        Err(error) => {
            eprintln!("{error}");
            process::exit(3);
        }
    }
}

fn summary(file: &str) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let mut by_region = BTreeMap::new();
    for (index, row) in text.lines().enumerate().skip(1) {
        let malformed = |why: &str| format!("{file}, line {}: {why}", index + 1);
        let [_order, region, amount] = row.split(',').collect::<Vec<_>>()[..] else {
            return Err(malformed("expected order,region,amount"));
        };
        let amount: u64 = amount.parse().map_err(|_| malformed(&format!("amount \"{amount}\" is not a number")))?;
        *by_region.entry(region).or_insert(0) += amount;
    }
    Ok(by_region.iter().map(|(region, sum)| format!("{region}: {sum}\n")).collect())
}
