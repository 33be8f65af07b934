//! Inputs out of seeds and words, the same in every run.

/// The longest input.
#[cfg(not(feature = "libfuzzer"))]
const BYTES: usize = 4096;
/// An input is changed in at most this many places.
#[cfg(not(feature = "libfuzzer"))]
const CHANGES: usize = 6;

/// Without coverage an input of random bytes is worth little, but for values that are made of it.
const RANDOM_INPUTS: usize = 16;
const RANDOM_BYTES: usize = 512;

/// What stands in for words, beside those of a target: the ends of ranges, and what texts are cut at.
#[cfg(not(feature = "libfuzzer"))]
const USUAL_WORDS: [&str; 24] = [
    "\0",
    " ",
    "\t",
    "\n",
    "\r",
    "\"",
    "\\",
    "/",
    ":",
    ",",
    ".",
    "-",
    "_",
    "=",
    "%",
    "[",
    "]",
    "{",
    "}",
    "0",
    "9",
    "é",
    "\u{1b}",
    "\u{10ffff}",
];

/// Steele, Lea and Flood's SplitMix64: small, and good enough to choose with.
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Uniform below `end`, and 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end.max(1)
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most);
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// Bytes that values are made of.
pub fn random_inputs() -> Vec<Vec<u8>> {
    let mut choices = Choices(1);
    (0..RANDOM_INPUTS).map(|_| choices.bytes(RANDOM_BYTES)).collect()
}

/// Mutations without end.
#[cfg(not(feature = "libfuzzer"))]
pub struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    words: Vec<&'a [u8]>,
    choices: Choices,
}

#[cfg(not(feature = "libfuzzer"))]
impl<'a> Mutations<'a> {
    pub fn of(seeds: &'a [Vec<u8>], words: &'a [Vec<u8>]) -> Self {
        let usual = USUAL_WORDS.iter().map(|word| word.as_bytes());
        // Those of the target count as much as all of the usual ones.
        let times = USUAL_WORDS.len().div_ceil(words.len().max(1));
        let own = words.iter().cycle().take(times * words.len()).map(Vec::as_slice);
        Self { seeds, words: usual.chain(own).collect(), choices: Choices(0) }
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..1 + self.choices.below(CHANGES) {
            self.change(&mut input);
        }
        input.truncate(BYTES);
        input
    }

    fn seed(&mut self) -> &'a [u8] {
        self.seeds.get(self.choices.below(self.seeds.len())).map_or(&[], Vec::as_slice)
    }

    fn word(&mut self) -> &'a [u8] {
        self.words[self.choices.below(self.words.len())]
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (one, other) = (self.choices.below(input.len() + 1), self.choices.below(input.len() + 1));
        let (from, to) = (one.min(other), one.max(other));
        match self.choices.below(8) {
            0 | 1 => _ = input.splice(from..from, self.word().iter().copied()),
            2 => _ = input.splice(from..to.min(from + 8), self.word().iter().copied()),
            3 => _ = input.drain(from..to.min(from + 16)),
            4 => {
                let piece = input[from..to].to_vec();
                _ = input.splice(to..to, piece);
            }
            5 => {
                let seed = self.seed();
                let piece = &seed[self.choices.below(seed.len() + 1)..];
                _ = input.splice(from.., piece.iter().copied());
            }
            6 => _ = input.splice(from..from, self.choices.bytes(16)),
            _ => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << self.choices.below(8);
                }
            }
        }
    }
}
