//! The run that a task is lent: whoever has something to say enters it, and it is moved on beside them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use wasmtime::component::{ResourceAny, ResourceType};

use crate::contract::{Answer, Asked};
use crate::instance::{Called, Instance};
use crate::network::Clock;
use crate::running_log::RunningLog;

/// How often a report that found no room is made again even if no other has moved: it may count as lost by then.
const ROOM_LOOK: Duration = Duration::from_secs(1);
/// Tokio's timers are not finer.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

pub(crate) struct Lent {
    /// Held for as long as a call into the process component takes, which never waits.
    instance: Mutex<Instance>,
    /// Told when one of the run's requests has moved, and when somebody was in the instance.
    activity: Arc<Notify>,
    /// Told when its reports have been moved on.
    moved: Notify,
    clock: Clock,
    /// Of what the task writes.
    pub(crate) log: Option<Arc<RunningLog>>,
    pub(crate) run: ResourceAny,
    /// The process component's resource types, by kind.
    pub(crate) types: Vec<ResourceType>,
}

impl Lent {
    /// What the task writes is sent under the name of the log, if it has one and something is reported.
    pub(crate) fn new(mut instance: Instance, log: Option<String>) -> wasmtime::Result<Self> {
        let (activity, clock, run) = (Arc::clone(&instance.activity), instance.clock.clone(), instance.run);
        let types = instance.resource_types()?;
        let log = log.filter(|_| instance.is_reported).map(|name| RunningLog::new(name, Arc::clone(&activity)));
        let (instance, log) = (Mutex::new(instance), log.map(Arc::new));
        Ok(Self { instance, activity, moved: Notify::new(), clock, log, run, types })
    }

    /// Do something with the instance, and have what it leaves moved on.
    pub(crate) fn enter<T>(&self, act: impl FnOnce(&mut Instance) -> T) -> T {
        let result = self.look(act);
        self.activity.notify_one();
        result
    }

    fn look<T>(&self, act: impl FnOnce(&mut Instance) -> T) -> T {
        act(&mut self.instance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves reports on whenever there is something to do. Never ends: it is dropped.
    pub(crate) async fn move_on(&self) {
        loop {
            let next = self.look(|instance| self.advance(instance));
            self.moved.notify_waiters();
            let activity = self.activity.notified();
            match next {
                None => activity.await,
                Some(span) => _ = timeout(span.max(SHORTEST_WAIT), activity).await,
            }
        }
    }

    fn advance(&self, instance: &mut Instance) -> Option<Duration> {
        let next = instance.advance();
        let Some(log) = &self.log else { return next };
        let next = if log.send_due(instance) { instance.advance() } else { next };
        [next, log.due_in()].into_iter().flatten().min()
    }

    /// Ends when nothing is left to deliver, or with the interruption, whose value it returns.
    pub(crate) async fn delivered<T>(&self, interruption: impl Future<Output = T>) -> Option<T> {
        let all = async {
            loop {
                let moved = self.moved.notified();
                if self.look(|instance| instance.pending == 0) {
                    return None;
                }
                moved.await;
            }
        };
        tokio::select! {
            biased;
            none = all => none,
            interrupted = interruption => Some(interrupted),
        }
    }

    /// Ends at this moment of the run's clock.
    pub(crate) async fn reaches(&self, moment: Duration) {
        self.clock.reaches(moment).await;
    }

    /// A call of the task's. It waits where the contract has it wait: for room, at an ending, and for a flush.
    pub(crate) async fn call(&self, asked: &Asked) -> Answer {
        if let Some(refused) = asked.function.refused() {
            return Ok(refused);
        }
        let (results, until) = loop {
            let moved = self.moved.notified();
            match self.enter(|instance| instance.call(asked)) {
                Called::Done(answer) => return answer,
                Called::Waits(results, until) => break (results, until),
                Called::NoRoom => _ = timeout(ROOM_LOOK, moved).await,
            }
        };
        self.delivered(self.reaches(until)).await;
        self.enter(|instance| instance.waited(asked, results))
    }
}
