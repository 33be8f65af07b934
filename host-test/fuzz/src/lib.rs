//! A property of whatever reads what others wrote, checked on inputs without end.
//!
//! A target is a test of a module `fuzz`, beside the private code that it calls. In `cargo test` it has a few thousand inputs,
//! the same in every run: its seeds, and mutations of them. `make fuzz` builds the same test with the feature `libfuzzer`,
//! and inputs are then found by coverage.
//!
//! It knows nothing of what is fuzzed, but that some of it is components.

mod component;
#[cfg(feature = "libfuzzer")]
mod libfuzzer;
mod mutation;

pub use arbitrary::{Arbitrary, Result, Unstructured};
pub use component::component;

/// How many inputs a target has in `cargo test`, unless it is slower, or the variable says otherwise.
#[cfg(not(feature = "libfuzzer"))]
const INPUTS: usize = 2000;
const INPUTS_VARIABLE: &str = "FUZZ_RUNS";

/// A file with the one input to check, so that what `make fuzz` has found can be seen again by `cargo test`.
#[cfg(not(feature = "libfuzzer"))]
const INPUT_VARIABLE: &str = "FUZZ_INPUT";

/// What a target starts from.
#[derive(Default)]
#[must_use = "it checks nothing until it has a property"]
pub struct Fuzz {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    share: Option<usize>,
}

impl Fuzz {
    /// Without seeds and words.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inputs that are checked as they are, and mutated.
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.seeds.extend(seeds.into_iter().map(|seed| seed.as_ref().to_vec()));
        self
    }

    /// What mutations put in: the words of the grammar.
    pub fn words(mut self, words: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// Takes this many times fewer inputs than others do, because one input takes as many times longer.
    pub fn slower(mut self, times: usize) -> Self {
        self.share = Some(times.max(1));
        self
    }

    /// Checks a property of texts. It panics if it does not hold.
    pub fn texts(self, property: impl Fn(&str) + Send + Sync + 'static) {
        self.bytes(move |input| property(&String::from_utf8_lossy(input)));
    }

    /// Checks a property of values that are made of the input. An input that is too short for them is passed over.
    pub fn values(self, property: impl Fn(&mut Unstructured<'_>) -> Result<()> + Send + Sync + 'static) {
        let random = mutation::random_inputs();
        // What an input is too short for is an error of the input, not of the property.
        self.seeds(random).bytes(move |input| _ = property(&mut Unstructured::new(input)));
    }

    /// Checks a property of bytes.
    #[cfg(feature = "libfuzzer")]
    pub fn bytes(self, property: impl Fn(&[u8]) + Send + Sync + 'static) {
        let inputs = inputs().expect("scripts/fuzz sets FUZZ_RUNS");
        libfuzzer::run(&self.seeds, &self.words, inputs / self.share.unwrap_or(1), property);
    }

    /// Checks a property of bytes.
    ///
    /// # Panics
    ///
    /// If it does not hold. The input is printed.
    #[cfg(not(feature = "libfuzzer"))]
    pub fn bytes(self, property: impl Fn(&[u8]) + Send + Sync + 'static) {
        let check = |input: &[u8]| {
            let _shown = ShownInPanic(input);
            property(input);
        };
        if let Some(path) = std::env::var_os(INPUT_VARIABLE) {
            return check(&std::fs::read(&path).unwrap_or_else(|error| panic!("{INPUT_VARIABLE}: {error}")));
        }
        self.seeds.iter().for_each(|seed| check(seed));
        let mut mutations = mutation::Mutations::of(&self.seeds, &self.words);
        for _ in 0..inputs().unwrap_or(INPUTS) / self.share.unwrap_or(1) {
            check(&mutations.next());
        }
    }
}

/// How many there are to be, if that is said.
fn inputs() -> Option<usize> {
    let given = std::env::var(INPUTS_VARIABLE).ok()?;
    Some(given.parse().unwrap_or_else(|_| panic!("{INPUTS_VARIABLE} is not a number")))
}

/// Prints the input if the property does not hold for it.
#[cfg(not(feature = "libfuzzer"))]
struct ShownInPanic<'a>(&'a [u8]);

#[cfg(not(feature = "libfuzzer"))]
impl Drop for ShownInPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}

#[cfg(all(test, not(feature = "libfuzzer")))]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    fn inputs(fuzz: Fuzz) -> Vec<Vec<u8>> {
        let inputs = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&inputs);
        fuzz.bytes(move |input| seen.lock().unwrap_or_else(PoisonError::into_inner).push(input.to_vec()));
        inputs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[test]
    fn every_seed_is_an_input_and_there_are_many_others() {
        let mut inputs = inputs(Fuzz::new().seeds(["one", "two"]));
        assert_eq!(inputs[..2], [b"one".to_vec(), b"two".to_vec()]);
        inputs.sort();
        inputs.dedup();
        assert!(inputs.len() > INPUTS / 2, "{}", inputs.len());
    }

    #[test]
    fn words_are_put_in() {
        let inputs = inputs(Fuzz::new().seeds(["seed"]).words(["needle"]));
        assert!(inputs.iter().any(|input| input.windows(6).any(|window| window == b"needle")));
    }

    #[test]
    fn the_inputs_are_the_same_in_every_run() {
        let some = || Fuzz::new().seeds(["one", "two"]).words(["three"]);
        assert_eq!(inputs(some()), inputs(some()));
    }

    #[test]
    fn a_slower_target_has_fewer_inputs() {
        assert_eq!(inputs(Fuzz::new().slower(10)).len(), INPUTS / 10);
    }

    #[test]
    fn an_input_too_short_for_a_value_is_passed_over() {
        let values = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&values);
        Fuzz::new().seeds([""]).values(move |input| {
            input.bytes(8)?;
            *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            Ok(())
        });
        assert!(*values.lock().unwrap_or_else(PoisonError::into_inner) > INPUTS / 2);
    }

    #[test]
    #[should_panic(expected = "the property")]
    fn a_property_that_does_not_hold_fails_the_test() {
        Fuzz::new().texts(|text| assert!(text.len() < 2, "the property"));
    }
}
