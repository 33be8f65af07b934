//! How an endpoint and the way to it behave, out of a seed: for a while in one way, then in another.

use std::time::Duration;

use fastrand::Rng;

use crate::answer::{Answer, Fault};

/// What comes of one attempt, and how long that takes.
pub struct Fate {
    pub takes: Duration,
    pub result: Result<Answer, Fault>,
}

#[derive(Debug)]
pub struct Weather {
    /// Each ends at its moment.
    spells: Vec<(Duration, Spell)>,
    /// From then on.
    last: Spell,
    /// Within that a proper endpoint answers.
    pub quick: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spell {
    /// It acknowledges, and quickly.
    Proper,
    /// It acknowledges, and may take longer than it has.
    Slow,
    /// No answer comes.
    Silent,
    /// Connections break.
    Broken,
    /// It asks for patience, and may say for how long.
    Busy,
    /// It refuses some reports, and acknowledges the others.
    Refusing,
    /// The host lets no request out.
    Denied,
    /// Each attempt meets another one of these.
    Changeable,
}

/// Up to 2^`bits` - 1 ms, short ones as often as long ones.
pub fn span(rng: &mut Rng, bits: u32) -> Duration {
    let bits = rng.u32(0..=bits);
    Duration::from_millis(rng.u64(0..1 << bits))
}

impl Weather {
    /// `attempt` is how long an attempt may take.
    pub fn new(rng: &mut Rng, attempt: Duration) -> Self {
        let mut end = Duration::ZERO;
        let mut spells = Vec::new();
        for _ in 0..rng.usize(0..4) {
            end += span(rng, 17);
            spells.push((end, Spell::any(rng)));
        }
        // What a run does once its endpoint is well again is of most interest.
        let last = if rng.u32(0..4) > 0 { Spell::Proper } else { Spell::any(rng) };
        let quick = Duration::from_millis(u64::try_from(attempt.as_millis() / 2).unwrap().min(20));
        Self { spells, last, quick }
    }

    /// From when on the endpoint acknowledges everything, and quickly.
    pub fn proper_from(&self) -> Option<Duration> {
        let last = self.spells.last().map_or(Duration::ZERO, |(end, _)| *end);
        (self.last == Spell::Proper).then_some(last)
    }

    /// Of an attempt that begins at `at`. `unix_time` is what the endpoint's clock shows then.
    pub fn fate(&self, rng: &mut Rng, at: Duration, unix_time: Duration) -> Fate {
        let spell = self.spells.iter().find(|(end, _)| at < *end).map_or(self.last, |(_, spell)| *spell);
        let takes = Duration::from_millis(rng.u64(0..=u64::try_from(self.quick.as_millis()).unwrap()));
        let proper = |rng: &mut Rng| answer(*rng.choice(&[200, 200, 200, 201, 202, 204]).unwrap());
        let broken = |what: &str| Err(Fault::Network(what.to_string()));
        match spell {
            Spell::Proper => Fate { takes, result: Ok(proper(rng)) },
            Spell::Slow => Fate { takes: span(rng, 15), result: Ok(proper(rng)) },
            Spell::Silent => Fate { takes: Duration::from_secs(1_000_000), result: broken("never") },
            // Before the request was taken, or after it.
            Spell::Broken if rng.bool() => Fate { takes: Duration::ZERO, result: broken("the connection was refused") },
            Spell::Broken => Fate { takes: span(rng, 12), result: broken("the connection was closed") },
            Spell::Busy => {
                let status = *rng.choice(&[408, 425, 429, 500, 502, 503, 504]).unwrap();
                let retry_after = rng.bool().then(|| retry_after(rng, unix_time));
                Fate { takes, result: Ok(Answer { retry_after, ..answer(status) }) }
            }
            Spell::Refusing => {
                let status = *rng.choice(&[200, 200, 302, 400, 401, 404, 409, 413, 422, 501]).unwrap();
                Fate { takes, result: Ok(answer(status)) }
            }
            Spell::Denied => Fate { takes: Duration::ZERO, result: Err(Fault::Denied("no way out".to_string())) },
            Spell::Changeable => {
                let last = Spell::any(rng);
                match last {
                    Spell::Changeable => Fate { takes, result: Ok(proper(rng)) },
                    last => Self { spells: Vec::new(), last, quick: self.quick }.fate(rng, at, unix_time),
                }
            }
        }
    }
}

impl Spell {
    fn any(rng: &mut Rng) -> Self {
        use Spell::{Broken, Busy, Changeable, Denied, Proper, Refusing, Silent, Slow};
        let all = [Proper, Slow, Silent, Broken, Broken, Busy, Busy, Refusing, Denied, Changeable, Changeable];
        *rng.choice(&all).unwrap()
    }
}

fn answer(status: u16) -> Answer {
    Answer { status, retry_after: None, location: None, text: String::new() }
}

/// Seconds, a date, or nonsense.
fn retry_after(rng: &mut Rng, unix_time: Duration) -> String {
    match rng.u32(0..4) {
        0 => rng.u32(0..10).to_string(),
        1 => span(rng, 22).as_secs().to_string(),
        2 => date(unix_time + span(rng, 17)),
        _ => (*rng
            .choice(&["", "soon", "-1", "1.5", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 31 Feb"])
            .unwrap())
        .to_string(),
    }
}

/// As RFC 9110 has it, but for the day of the week, which nobody reads.
fn date(unix_time: Duration) -> String {
    let moment = crate::http_date::date_time(unix_time);
    let month = &moment.month().to_string()[..3];
    let (day, year) = (moment.day(), moment.year());
    let (hour, minute, second) = moment.as_hms();
    format!("Mon, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}
