//! The table, and the page that has it.

use crate::figure::{Figure, digits};
use crate::target;

/// The page, with a place for the machine and for the table.
const PAGE: &str = include_str!("../../../page.md");

/// In Markdown, the ratios first. What misses its target is marked, if the figures are to be judged.
pub fn table(figures: &[Figure], are_judged: bool) -> String {
    let mut table =
        String::from("| what | ratio | measured | beside it | must be |\n| --- | --- | --- | --- | --- |\n");
    for figure in figures {
        let Figure { name, what, ratio, measured, beside, value } = figure;
        let ratio = ratio.map(digits).unwrap_or_default();
        let must = match target::verdict(name, *value) {
            None => String::new(),
            Some((must, is_met)) if is_met || !are_judged => must,
            Some((must, _)) => format!("{must}: **missed**"),
        };
        table += &format!("| {what} | {ratio} | {measured} | {beside} | {must} |\n");
    }
    table
}

/// How many of them miss their targets.
pub fn missed(figures: &[Figure]) -> usize {
    let verdicts = figures.iter().filter_map(|figure| target::verdict(figure.name, figure.value));
    verdicts.filter(|(_, is_met)| !is_met).count()
}

/// All of the page.
pub fn page(machine: &str, table: &str) -> String {
    PAGE.replace("{machine}", machine).replace("{table}\n", table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_marked() {
        let figures =
            [Figure::ratio("blocking", "a report", 2.0, 1.0), Figure::ratio("blocking", "a report", 1.0, 1.0)];
        let table = table(&figures, true);
        assert!(table.contains("| a report | 2.00 |  |  | ≤ 1.25: **missed** |"), "{table}");
        assert!(table.contains("| a report | 1.00 |  |  | ≤ 1.25 |"), "{table}");
        assert_eq!(missed(&figures), 1);
    }

    #[test]
    fn the_page_names_the_machine_and_has_the_table() {
        let page = page("a machine", "| a table |\n");
        assert!(page.contains("a machine") && page.contains("\n| a table |\n") && !page.contains('{'), "{page}");
    }
}
