//! Random ends of runs: speakers that are lost at any moment, endpoints that take a report and do not say so. Whatever
//! happens, the endpoint sees one ending.

use std::cell::RefCell;
use std::env;
use std::rc::Rc;

use fastrand::Rng;
use futures_util::FutureExt;

use super::*;

const RUNS: u64 = 100_000;

/// As it goes over the wire: the key, and all that the body is made of.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    key: u64,
    outcome: Outcome,
    message: Option<String>,
    data: Option<String>,
}

/// The endpoint, and everything that happens by chance.
struct World {
    chance: Rng,
    /// Out of 100 attempts, these many are lost, and these many taken but not acknowledged.
    lost: u32,
    unanswered: u32,
    /// Out of 100 moments, a speaker is lost in this many.
    breaks: u32,
    taken: Vec<Sent>,
    acknowledged: bool,
    opened: u32,
    key: u64,
}

impl World {
    fn happens(&mut self, of_a_hundred: u32) -> bool {
        self.chance.u32(0..100) < of_a_hundred
    }

    /// Whether the attempt is acknowledged.
    fn attempt(&mut self, ending: &Ending) -> bool {
        if self.happens(self.lost) {
            return false;
        }
        let Ending { outcome, message, data } = ending.clone();
        self.taken.push(Sent { key: self.key, outcome, message, data });
        let answered = !self.happens(self.unanswered);
        self.acknowledged |= answered;
        answered
    }
}

/// An instance of the process component, as far as endings are concerned.
struct Model(RefCell<Run>, Rc<RefCell<World>>);

#[derive(Default)]
struct Run {
    ending: Option<Ending>,
    is_acknowledged: bool,
    own: Option<OwnEnding>,
    is_lost: bool,
}

impl Model {
    fn open(world: &Rc<RefCell<World>>) -> Self {
        world.borrow_mut().opened += 1;
        Self(RefCell::default(), Rc::clone(world))
    }

    /// One moment: something is lost, or an attempt is made.
    fn live(&self) {
        let (mut run, mut world) = (self.0.borrow_mut(), self.1.borrow_mut());
        let breaks = world.breaks;
        if run.is_lost || world.happens(breaks) {
            run.is_lost = true;
            return;
        }
        let Some(ending) = run.ending.clone().filter(|_| !run.is_acknowledged) else { return };
        let acknowledged = world.attempt(&ending);
        // It may be lost before it hears of it.
        run.is_lost = world.happens(breaks);
        run.is_acknowledged = acknowledged && !run.is_lost;
        let is_acknowledged = run.is_acknowledged;
        run.own.iter_mut().for_each(|own| own.is_acknowledged = is_acknowledged);
    }

    /// The task ends its run itself.
    fn end_by_itself(&self, ending: Ending) {
        let mut run = self.0.borrow_mut();
        if !run.is_lost {
            run.own = Some(OwnEnding { ending: ending.clone(), is_acknowledged: false });
            run.ending = Some(ending);
        }
    }
}

impl Speaker for Model {
    async fn say(&self, ending: &Ending, _: &Patience) {
        self.live();
        if !self.0.borrow().is_lost {
            self.0.borrow_mut().ending.get_or_insert_with(|| ending.clone());
        }
        for _ in 0..20 {
            self.live();
        }
    }

    fn failure(&self) -> Option<String> {
        self.0.borrow().is_lost.then(|| "lost".into())
    }

    fn own_ending(&self) -> Option<OwnEnding> {
        self.0.borrow().own.clone()
    }

    fn parting(&self, reported: Outcome) -> Parting {
        let run = self.0.borrow();
        let outcome = run.ending.as_ref().map_or(reported, |ending| ending.outcome);
        let trouble = if run.is_acknowledged { Vec::new() } else { vec!["not acknowledged".into()] };
        Parting { outcome, is_acknowledged: run.is_acknowledged, shortfall: Shortfall::default(), trouble }
    }
}

fn ending(chance: &mut Rng) -> Ending {
    let outcomes = [Outcome::Succeeded, Outcome::Warning, Outcome::Failed, Outcome::Cancelled];
    let text = |chance: &mut Rng| chance.bool().then(|| chance.u32(..).to_string());
    Ending { outcome: outcomes[chance.usize(0..4)], message: text(chance), data: text(chance) }
}

fn play(seed: u64) {
    let mut chance = Rng::with_seed(seed);
    let [mut own, by_host] = [ending(&mut chance), ending(&mut chance)];
    own.message = Some("by itself".into());
    let (lost, unanswered, breaks) = (chance.u32(0..100), chance.u32(0..100), [0, 1, 10, 50][chance.usize(0..4)]);
    let (ends_itself, moments, can_open) = (chance.bool(), chance.usize(0..5), chance.u32(0..10) > 0);
    let key = chance.u64(..);
    let (taken, acknowledged, opened) = (Vec::new(), false, 0);
    let world = World { chance, lost, unanswered, breaks, taken, acknowledged, opened, key };
    let world = Rc::new(RefCell::new(world));

    let first = Model::open(&world);
    (0..moments).for_each(|_| first.live());
    if ends_itself {
        first.end_by_itself(own);
        (0..moments).for_each(|_| first.live());
    }
    let farewell = Farewell { ending: by_host, patience: Patience::new(CancellationToken::new(), Duration::ZERO) };
    let fresh = || if can_open { Ok(Model::open(&world)) } else { Err("no memory".to_string()) };
    let parting = part_with(first, fresh, &farewell).now_or_never().expect("nothing waits here");

    let world = world.borrow();
    let told = format!("{parting:?}, of which arrived: {:?}", world.taken);
    assert!(world.taken.windows(2).all(|pair| pair[0] == pair[1]), "two endings: {told}");
    assert!(world.taken.iter().all(|sent| sent.outcome == parting.outcome), "another ending is told: {told}");
    assert!(!parting.is_acknowledged || world.acknowledged, "an acknowledgement is invented: {told}");
    assert!(parting.is_acknowledged || !parting.trouble.is_empty(), "a loss is not told: {told}");
    assert!(world.opened <= 2, "more than one instance is spent on the end: {told}");
    let is_fair = world.lost == 0 && world.unanswered == 0 && world.breaks == 0;
    assert!(!is_fair || parting.is_acknowledged, "nothing goes wrong, and the ending is lost: {told}");
}

/// `ORCHESTRA_SIMULATION_RUNS` and `ORCHESTRA_SIMULATION_FIRST_SEED` play more of them, `ORCHESTRA_SIMULATION_SEED` one again.
#[test]
fn soak() {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse().expect(name));
    if let Some(seed) = number("ORCHESTRA_SIMULATION_SEED") {
        return play(seed);
    }
    let first = number("ORCHESTRA_SIMULATION_FIRST_SEED").unwrap_or(0);
    for seed in (first..).take(number("ORCHESTRA_SIMULATION_RUNS").unwrap_or(RUNS) as usize) {
        let played = std::panic::catch_unwind(|| play(seed));
        assert!(played.is_ok(), "again: ORCHESTRA_SIMULATION_SEED={seed} cargo test --lib farewell::simulation");
    }
}
