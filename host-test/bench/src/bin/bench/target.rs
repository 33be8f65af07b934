//! What a figure must be, as data.

/// A limit of a figure's value.
#[derive(Clone, Copy, Debug)]
pub enum Must {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Not one.
    Zero,
}

/// A figure by its name, its limit, and the limit's unit.
pub struct Target(&'static str, Must, &'static str);

const TARGETS: &[Target] = &[
    Target("one-second-lost", Must::Zero, ""),
    Target("one-second-repeated", Must::Zero, ""),
    Target("one-second-ended-twice", Must::Zero, ""),
    Target("one-second-wall", Must::AtMost(1.2), ""),
    Target("fifty-ms", Must::AtLeast(0.95), ""),
    Target("at-once", Must::AtLeast(4000.0), " runs/s"),
    Target("background-0", Must::AtMost(10.0), " µs"),
    Target("background-1", Must::AtMost(10.0), " µs"),
    Target("background-100", Must::AtMost(10.0), " µs"),
    Target("background-1000", Must::AtMost(10.0), " µs"),
    Target("blocking", Must::AtMost(1.25), ""),
    Target("unreported", Must::AtMost(40.0), " µs"),
    Target("memory-10000", Must::AtMost(96.0), " KiB"),
    Target("progress", Must::AtMost(2.0), " s"),
    Target("log-component", Must::AtMost(4.0), " MiB"),
    Target("log-host", Must::AtMost(8.0), " MiB"),
];

/// What this figure must be, in words, and whether it is. Nothing if there is no target.
pub fn verdict(name: &str, value: f64) -> Option<(String, bool)> {
    let Target(_, must, unit) = TARGETS.iter().find(|Target(known, ..)| *known == name)?;
    Some(match must {
        Must::AtMost(most) => (format!("≤ {most}{unit}"), value <= *most),
        Must::Zero => ("0".into(), value == 0.0),
        Must::AtLeast(least) => (format!("≥ {least}{unit}"), value >= *least),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_up_to_its_limit() {
        assert_eq!(verdict("blocking", 1.25), Some(("≤ 1.25".into(), true)));
        assert_eq!(verdict("blocking", 1.26), Some(("≤ 1.25".into(), false)));
        assert_eq!(verdict("at-once", 4000.0), Some(("≥ 4000 runs/s".into(), true)));
        assert_eq!(verdict("nothing", 1.0), None);
    }

    #[test]
    fn what_was_not_measured_meets_no_target() {
        assert_eq!(verdict("blocking", f64::NAN).map(|(_, is_met)| is_met), Some(false));
        assert_eq!(verdict("at-once", f64::NAN).map(|(_, is_met)| is_met), Some(false));
    }
}
