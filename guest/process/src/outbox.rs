//! The ordered queue of a run's reports, and the one loop that delivers them. Blocking and background delivery differ
//! only in how long it may wait.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::Config;
use crate::contract::{Refusal, ReportError};
use crate::host::Host;
use crate::protocol::Request;
use crate::retry::{Verdict, classify};
use crate::text;

/// Beyond either limit only an ending is taken.
const REPORTS_HELD: usize = 128;
const BYTES_HELD: usize = 16 * 1024 * 1024;
/// The first tell what is wrong.
const REJECTIONS_HELD: usize = 128;

/// What the outbox has to know of a report beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A newer one says all that this one says.
    Overtakable,
    Ordinary,
    Ending,
}

/// How long a call may keep the task waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// For the budget. A report that had all its attempts in earlier calls gets one more, if its time has come: an
    /// endpoint that is down must not slow down a task that reports often.
    Budget,
    /// For the budget, with all attempts anew: this may be the last chance.
    Insistent,
}

/// The budget is spent, and this is what happened last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered(pub String);

/// There is no room, and none came within the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full(pub String);

pub struct Outbox<H: Host> {
    host: H,
    config: Rc<Config>,
    /// In the order of the calls; only the first is ever under way.
    queue: Vec<Report>,
    under_way: Option<H::Exchange>,
    bytes: usize,
    /// Of reports that the endpoint, or the host, does not take: they have left the outbox.
    rejections: Vec<ReportError>,
}

struct Report {
    label: String,
    kind: Kind,
    request: Request,
    failures: u32,
    attempts_left: u32,
    /// No attempt before this moment of [`Host::now`].
    not_before: Duration,
    /// What happened last.
    trouble: String,
}

impl<H: Host> Outbox<H> {
    pub fn new(host: H, config: Rc<Config>) -> Self {
        Self { host, config, queue: Vec::new(), under_way: None, bytes: 0, rejections: Vec::new() }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Take a report in, behind all others. Where there is no room, make some: for at most the budget.
    pub fn push(&mut self, label: String, kind: Kind, request: Request) -> Result<(), Full> {
        let bytes = request.body.len();
        if kind != Kind::Ending && !self.has_room(bytes) {
            self.drop_overtaken(kind);
            let deadline = self.host.now() + self.config.policy.budget;
            if let Err(Undelivered(trouble)) = self.deliver_until(Some(deadline), Some(bytes)) {
                return Err(Full(text::concat(&[
                    "the outbox holds ",
                    &self.queue.len().to_string(),
                    " reports; ",
                    &trouble,
                ])));
            }
        }
        self.bytes += bytes;
        self.queue.push(Report {
            label,
            kind,
            request,
            failures: 0,
            attempts_left: self.config.policy.attempts,
            not_before: Duration::ZERO,
            trouble: String::new(),
        });
        Ok(())
    }

    /// Deliver in order, until all is acknowledged or patience ends.
    pub fn deliver(&mut self, patience: Patience) -> Result<(), Undelivered> {
        if let (Patience::Insistent, Some(first)) = (patience, self.queue.first_mut()) {
            first.attempts_left = self.config.policy.attempts;
        }
        let deadline = (patience != Patience::None).then(|| self.host.now() + self.config.policy.budget);
        self.deliver_until(deadline, None)
    }

    /// A rejection that was not taken yet, oldest first.
    pub fn take_rejection(&mut self) -> Option<ReportError> {
        (!self.rejections.is_empty()).then(|| self.rejections.remove(0))
    }

    /// The run is over and nobody will call again: deliver what is there, and if something stands in the way of the
    /// ending, the ending alone.
    pub fn close(&mut self) {
        let is_ending = |report: &Report| report.kind == Kind::Ending;
        if self.deliver(Patience::Insistent).is_err() && !self.queue.first().is_some_and(is_ending) {
            self.under_way = None;
            self.queue.retain(is_ending);
            // There is nobody to tell.
            _ = self.deliver(Patience::Insistent);
        }
    }

    /// The one delivery loop: until there is room for so many bytes, or else until nothing is left. Without a deadline it
    /// does not wait.
    #[inline(never)]
    fn deliver_until(&mut self, deadline: Option<Duration>, room_bytes: Option<usize>) -> Result<(), Undelivered> {
        while !room_bytes.is_some_and(|bytes| self.has_room(bytes)) {
            let Some(report) = self.queue.first_mut() else { return Ok(()) };
            let mut exchange = match self.under_way.take() {
                Some(exchange) => exchange,
                None => {
                    let now = self.host.now();
                    let wait = report.not_before.saturating_sub(now);
                    let out_of_time = deadline.is_some_and(|deadline| now.max(report.not_before) >= deadline);
                    let must_wait = !wait.is_zero();
                    let may_wait = deadline.is_some() && report.attempts_left > 0;
                    if out_of_time || must_wait && !may_wait {
                        return Err(report.undelivered());
                    }
                    if must_wait {
                        self.host.sleep(wait);
                    }
                    self.host.begin(&self.config, &report.request)
                }
            };
            let wait = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(self.host.now()));
            let Some(attempt) = self.host.advance(&mut exchange, &self.config, &report.request, wait) else {
                self.under_way = Some(exchange);
                return Err(report.undelivered());
            };
            drop(exchange);
            match classify(attempt, self.host.unix_time()) {
                Verdict::Acknowledged => self.pop(),
                Verdict::Refused { status, answer } => {
                    let report = report.label.clone();
                    self.reject(ReportError::Refused(Refusal { report, status, answer }));
                    self.pop();
                }
                Verdict::Denied(trouble) => {
                    self.reject(ReportError::Denied(trouble));
                    self.pop();
                }
                Verdict::Retry { trouble, after } => {
                    report.trouble = trouble;
                    report.failures += 1;
                    report.attempts_left = report.attempts_left.saturating_sub(1);
                    let wait = after.unwrap_or_else(|| self.config.policy.wait(report.failures, self.host.random()));
                    report.not_before = self.host.now().saturating_add(wait);
                    if report.attempts_left == 0 {
                        return Err(report.undelivered());
                    }
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, rejection: ReportError) {
        if self.rejections.len() < REJECTIONS_HELD {
            self.rejections.push(rejection);
        }
    }

    /// The first report, of which there is one.
    fn pop(&mut self) {
        self.bytes -= self.queue.remove(0).request.body.len();
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.queue.len() < REPORTS_HELD && self.bytes + bytes <= BYTES_HELD
    }

    /// Make room for a report of this kind. The newest progress stays unless this is newer; and so does the first report,
    /// which may be under way, or recorded by the endpoint already.
    fn drop_overtaken(&mut self, by: Kind) {
        let newest = match by {
            Kind::Overtakable => None,
            _ => self.queue.iter().rposition(|report| report.kind == Kind::Overtakable),
        };
        let mut indices = 0..;
        self.queue.retain(|report| {
            let index = indices.next();
            index == Some(0) || index == newest || report.kind != Kind::Overtakable
        });
        self.bytes = self.queue.iter().map(|report| report.request.body.len()).sum();
    }
}

impl Report {
    fn undelivered(&self) -> Undelivered {
        Undelivered(match self.failures {
            0 => text::concat(&[&self.label, ": the endpoint has not answered yet"]),
            1 => text::concat(&[&self.label, ": after 1 attempt: ", &self.trouble]),
            failures => {
                let failures = failures.to_string();
                text::concat(&[&self.label, ": after ", &failures, " attempts: ", &self.trouble])
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Delivery::{Background, Blocking};
    use crate::contract::Outcome;
    use crate::process::Process;
    use crate::simulation::{Simulation, answer, denied, retry_after, slow};
    use alloc::format;

    type Run = Process<Simulation>;

    fn say(run: &mut Run, message: &str) -> Result<(), ReportError> {
        run.progress(Some(message.to_string()), None)
    }

    fn complete(run: &mut Run) -> Result<(), ReportError> {
        run.end(Outcome::Succeeded, None, None)
    }

    /// A run that holds as many reports as it may, the first of them under way for as long as anybody waits.
    fn full_run(simulation: &Simulation, mut report: impl FnMut(&mut Run, usize)) -> Run {
        let mut run = simulation.run(Background);
        for number in 0..REPORTS_HELD {
            report(&mut run, number);
        }
        assert_eq!(run.pending(), REPORTS_HELD);
        run
    }

    #[test]
    fn waits_double_between_attempts_and_none_follows_the_last() {
        let simulation = Simulation::script([answer(503), answer(503), answer(503), answer(503), answer(503)]);
        let mut run = simulation.run(Blocking);
        let Err(ReportError::Undelivered(what)) = say(&mut run, "x") else { panic!() };
        assert_eq!(what, "progress: after 5 attempts: the endpoint answered 503");
        assert_eq!(simulation.sent_at(), [0.0, 0.5, 1.5, 3.5, 7.5]);
        assert_eq!(simulation.seconds(), 7.5);
    }

    #[test]
    fn retry_after_is_waited_for() {
        for value in ["7", "Mon, 23 Nov 2026 08:00:07 GMT"] {
            let simulation = Simulation::script([retry_after(value)]);
            complete(&mut simulation.run(Blocking)).unwrap();
            assert_eq!(simulation.sent_at(), [0.0, 7.0], "{value}");
        }
    }

    #[test]
    fn a_retry_after_beyond_the_budget_is_not_waited_for() {
        let simulation = Simulation::script([retry_after("61")]);
        let mut run = simulation.run(Blocking);
        complete(&mut run).unwrap_err();
        assert_eq!((simulation.seconds(), run.pending()), (0.0, 1));
        simulation.pass(2);
        run.flush().unwrap();
        assert_eq!(simulation.sent_at(), [0.0, 61.0]);
    }

    /// The answer may still come: a second request would only ask again what is being answered.
    #[test]
    fn an_attempt_that_outlasts_the_budget_stays_under_way() {
        let simulation = Simulation::script([slow(100)]);
        let mut run = simulation.run(Blocking);
        complete(&mut run).unwrap_err();
        assert_eq!(simulation.seconds(), 60.0);
        run.flush().unwrap();
        assert_eq!((simulation.seconds(), simulation.sent_at()), (100.0, vec![0.0]));
    }

    #[test]
    fn background_reports_never_wait() {
        let simulation = Simulation::script([slow(10), answer(503)]);
        let mut run = simulation.run(Background);
        say(&mut run, "1").unwrap();
        say(&mut run, "2").unwrap();
        assert_eq!((simulation.seconds(), run.pending()), (0.0, 2));
        simulation.pass(10);
        say(&mut run, "3").unwrap();
        assert_eq!((simulation.seconds(), run.pending()), (10.0, 2), "1 is acknowledged, 2 has failed once");
        complete(&mut run).unwrap();
        assert_eq!(simulation.sent_at(), [0.0, 10.0, 10.5, 10.5, 10.5]);
    }

    #[test]
    fn asking_what_is_pending_moves_it_on_without_waiting() {
        let simulation = Simulation::script([slow(10), answer(503)]);
        let mut run = simulation.run(Background);
        say(&mut run, "1").unwrap();
        say(&mut run, "2").unwrap();
        assert_eq!(run.pending(), 2);
        simulation.pass(10);
        assert_eq!(run.pending(), 1, "1 is acknowledged, 2 has failed once");
        simulation.pass(1);
        assert_eq!((run.pending(), simulation.seconds()), (0, 11.0));
    }

    #[test]
    fn after_giving_up_a_report_tries_once_and_only_when_its_time_has_come() {
        let simulation = Simulation::script(vec![answer(503); 6]);
        let mut run = simulation.run(Blocking);
        say(&mut run, "1").unwrap_err();
        say(&mut run, "2").unwrap_err();
        assert_eq!(simulation.sent_at().len(), 5, "no time has passed");
        simulation.pass(15);
        say(&mut run, "3").unwrap_err();
        assert_eq!(simulation.sent_at().len(), 6);
        complete(&mut run).unwrap();
        assert_eq!(run.pending(), 0);
    }

    #[test]
    fn a_denial_is_not_repeated_and_not_kept() {
        let simulation = Simulation::script([denied()]);
        let mut run = simulation.run(Blocking);
        let result = complete(&mut run);
        assert_eq!(result, Err(ReportError::Denied("no way out".to_string())));
        assert_eq!((simulation.sent_at().len(), run.pending()), (1, 0));
    }

    #[test]
    fn the_refusal_of_an_earlier_report_is_told_by_name() {
        let simulation = Simulation::script([(slow(1).0, answer(400).1)]);
        let mut run = simulation.run(Background);
        run.output("rows", "1".to_string()).unwrap();
        simulation.pass(1);
        say(&mut run, "x").unwrap();
        let Err(ReportError::Refused(Refusal { report, status: 400, .. })) = run.flush() else { panic!() };
        assert_eq!((report.as_str(), run.pending()), ("output rows", 0));
        run.flush().unwrap();
    }

    #[test]
    fn the_first_refusals_are_kept() {
        let simulation = Simulation::script(vec![answer(400); 200]);
        let mut run = simulation.run(Background);
        for number in 0..200 {
            run.output(&format!("n{number}"), "1".to_string()).unwrap();
        }
        for number in 0..REJECTIONS_HELD {
            let Err(ReportError::Refused(refusal)) = run.flush() else { panic!() };
            assert_eq!(refusal.report, format!("output n{number}"));
        }
        run.flush().unwrap();
    }

    #[test]
    fn a_full_outbox_makes_the_next_report_wait_for_room() {
        let simulation = Simulation::script([slow(30)]);
        let mut run = full_run(&simulation, |run, _| run.output("a", "1".to_string()).unwrap());
        run.output("a", "2".to_string()).unwrap();
        assert_eq!(simulation.seconds(), 30.0);
    }

    #[test]
    fn a_report_that_finds_no_room_within_the_budget_is_not_taken() {
        let simulation = Simulation::script([slow(1000)]);
        let mut run = full_run(&simulation, |run, _| run.output("a", "1".to_string()).unwrap());
        assert!(matches!(run.output("b", "2".to_string()), Err(ReportError::OutboxFull(_))));
        assert_eq!((simulation.seconds(), run.pending()), (60.0, REPORTS_HELD));
    }

    #[test]
    fn an_ending_is_taken_beyond_the_limit() {
        let simulation = Simulation::script([slow(1000)]);
        let mut run = full_run(&simulation, |run, _| run.output("a", "1".to_string()).unwrap());
        assert!(matches!(complete(&mut run), Err(ReportError::Undelivered(_))));
        assert_eq!(run.pending(), REPORTS_HELD + 1);
    }

    #[test]
    fn bytes_are_limited_too() {
        let simulation = Simulation::script([slow(1000)]);
        let mut run = simulation.run(Background);
        for _ in 0..3 {
            run.log("a", "x".repeat(4 * 1024 * 1024)).unwrap();
        }
        assert!(matches!(run.log("a", "x".repeat(4 * 1024 * 1024)), Err(ReportError::OutboxFull(_))));
    }

    #[test]
    fn progress_that_is_overtaken_makes_room_and_nothing_else_does() {
        let simulation = Simulation::script([slow(20)]);
        let mut run = full_run(&simulation, |run, number| match number {
            0 => say(run, "under way").unwrap(),
            1 => run.output("a", "1".to_string()).unwrap(),
            2 => run.progress(Some("with data".to_string()), Some("{}".to_string())).unwrap(),
            _ => say(run, "overtaken").unwrap(),
        });

        say(&mut run, "newest").unwrap();
        assert_eq!((simulation.seconds(), run.pending()), (0.0, 4));
        complete(&mut run).unwrap();

        let bodies = simulation.bodies();
        let expected = ["under way", "output_name", "with data", "newest", "SUCCEEDED"];
        assert!(
            bodies.len() == 5 && bodies.iter().zip(expected).all(|(body, part)| body.contains(part)),
            "{bodies:#?}"
        );
    }

    #[test]
    fn the_newest_progress_stays_where_something_else_needs_room() {
        let simulation = Simulation::script([slow(20)]);
        let mut run = full_run(&simulation, |run, number| say(run, &number.to_string()).unwrap());
        run.output("a", "1".to_string()).unwrap();
        complete(&mut run).unwrap();
        let bodies = simulation.bodies();
        assert_eq!(bodies.len(), 4);
        assert!(bodies[1].contains("\"127\""), "{bodies:#?}");
    }

    #[test]
    fn a_run_that_is_dropped_keeps_its_host_for_the_budget_and_as_long_for_the_ending_alone() {
        let simulation = Simulation::script([slow(1000), slow(1000)]);
        let mut run = simulation.run(Background);
        run.start(None, None).unwrap();
        drop(run);
        assert_eq!((simulation.seconds(), simulation.sent_at()), (120.0, vec![0.0, 60.0]));
        assert!(simulation.bodies()[1].contains("FAILED"));
    }
}
