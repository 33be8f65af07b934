use fuzz::{Fuzz, Result, Unstructured};

use super::granted;

/// In values, and in names that may be values whose name was forgotten.
const SECRET: &str = "Zq7xW";

fn given(input: &mut Unstructured<'_>) -> Result<Vec<String>> {
    const PIECES: [&str; 10] = ["A", "B_1", "=", "=", "*", "ORCHESTRA_", "orchestra_", "é", " ", SECRET];
    let texts = (0..input.int_in_range(0..=4)?).map(|_| {
        let pieces = (0..input.int_in_range(0..=5)?).map(|_| input.choose(&PIECES).copied());
        pieces.collect::<Result<String>>()
    });
    texts.collect()
}

#[test]
fn a_task_is_granted_the_variables_that_are_written_out_and_none_of_ours() {
    Fuzz::new().values(|input| {
        let given = given(input)?;
        let Ok(granted) = granted(&given) else { return Ok(()) };
        assert!(granted.iter().all(|(name, _)| !name.to_ascii_uppercase().starts_with("ORCHESTRA_")));
        for pair in given.iter().filter_map(|given| given.split_once('=')) {
            assert!(granted.iter().any(|(name, value)| (name.as_str(), value.as_str()) == pair));
        }
        Ok(())
    });
}

/// A secret is in lower case here, as few variables are.
#[test]
fn why_a_variable_is_not_granted_shows_no_value() {
    Fuzz::new().values(|input| {
        if let Err(error) = granted(&given(input)?) {
            assert!(error.starts_with("--env ") && !error.contains(SECRET), "{error}");
        }
        Ok(())
    });
}
