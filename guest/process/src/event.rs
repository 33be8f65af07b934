//! A report: one value for each call of the contract, with every argument checked. Errors are sentences.

use alloc::string::String;

use crate::contract::{Outcome, Report};
use crate::json::{Json, Object};
use crate::name::parse_name;
use crate::text;

const MESSAGE_BYTES: usize = 64 * 1024;
const LOG_BYTES: usize = 4 * 1024 * 1024;

/// A text for people, and a JSON object, that may go along with a report.
#[derive(Debug, Default)]
pub struct Details {
    /// Never empty.
    pub message: Option<String>,
    pub data: Option<Object>,
}

impl Details {
    pub fn parse(message: Option<String>, data: Option<String>) -> Result<Self, String> {
        let message = message.filter(|message| !message.is_empty());
        if message.as_ref().is_some_and(|message| message.len() > MESSAGE_BYTES) {
            return Err("the message is longer than 64 KiB: send the whole text as a log".into());
        }
        let data = data.map(Object::parse).transpose().map_err(|what| text::concat(&["the data ", what]))?;
        Ok(Self { message, data })
    }
}

/// One report.
#[derive(Debug)]
pub enum Event {
    Start(Details),
    Progress(Details),
    Stage { name: String, passed: bool, details: Details },
    Output { name: String, value: Json },
    Log { name: String, text: String },
    Ending(Outcome, Details),
}

impl Event {
    pub fn stage(name: &str, passed: bool, details: Details) -> Result<Self, String> {
        let name = parse_name(name).map_err(|what| text::concat(&["the stage's name ", what]))?;
        Ok(Self::Stage { name, passed, details })
    }

    pub fn output(name: &str, value: String) -> Result<Self, String> {
        let name = parse_name(name).map_err(|what| text::concat(&["the output's name ", what]))?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err("the output's name has a character other than letters, digits, _ and - in it".into());
        }
        let value = Json::parse(value).map_err(|what| text::concat(&["the output's value ", what]))?;
        Ok(Self::Output { name, value })
    }

    pub fn log(name: &str, text: String) -> Result<Self, String> {
        let name = parse_name(name).map_err(|what| text::concat(&["the log's name ", what]))?;
        if text.len() > LOG_BYTES {
            return Err("the log is longer than 4 MiB: open a log with `open-log` and write it in parts".into());
        }
        Ok(Self::Log { name, text })
    }

    /// How errors call this report.
    pub fn report(&self) -> Report {
        match self {
            Self::Start(_) => Report::Start,
            Self::Progress(_) => Report::Progress,
            Self::Stage { name, .. } => Report::Stage(name.clone()),
            Self::Output { name, .. } => Report::Output(name.clone()),
            Self::Log { name, .. } => Report::Log(name.clone()),
            Self::Ending(outcome, _) => Report::Ending(*outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_message_is_none() {
        assert_eq!(Details::parse(Some(String::new()), None).unwrap().message, None);
    }

    #[test]
    fn a_message_has_a_limit_in_bytes() {
        let message = |bytes: usize| Details::parse(Some("x".repeat(bytes)), None);
        assert!(message(MESSAGE_BYTES).is_ok());
        assert!(message(MESSAGE_BYTES + 1).unwrap_err().contains("64 KiB"));
    }

    #[test]
    fn a_log_has_a_limit_in_bytes() {
        assert!(Event::log("run.log", "x".repeat(LOG_BYTES)).is_ok());
        assert!(Event::log("run.log", "x".repeat(LOG_BYTES + 1)).unwrap_err().contains("4 MiB"));
    }

    #[test]
    fn an_output_is_named_with_letters_digits_underscores_and_hyphens() {
        assert!(Event::output("Output_4-b", "1".into()).is_ok());
        for name in ["", "a b", "é", "a.b", "a\n", &"a".repeat(257)] {
            assert!(Event::output(name, "1".into()).is_err(), "{name}");
        }
    }

    #[test]
    fn names_hold_no_control_character() {
        assert!(Event::log("a\0b", String::new()).is_err());
        assert!(Event::stage("a\nb", true, Details::default()).is_err());
        assert!(Event::stage("Laden & prüfen", true, Details::default()).is_ok());
    }
}
