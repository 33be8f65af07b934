use std::sync::atomic::AtomicUsize;

use futures_util::FutureExt;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{advance, timeout};

use super::*;

/// Waits in the line, and has been seen to.
fn in_line(member: &Member) -> Pin<Box<Waiting>> {
    let mut waiting = Box::pin(member.take());
    assert!((&mut waiting).now_or_never().is_none(), "a place is free");
    waiting
}

fn served(waiting: &mut Pin<Box<Waiting>>) -> Option<Taken> {
    waiting.now_or_never()
}

/// With its only place taken.
fn full() -> (Queue, Taken) {
    let queue = Queue::new(1);
    let taken = queue.member().take().now_or_never().expect("nobody has it");
    (queue, taken)
}

#[test]
fn who_came_first_is_served_first() {
    let (queue, taken) = full();
    let (mut first, mut second) = (in_line(&queue.member()), in_line(&queue.member()));
    drop(taken);
    assert!(served(&mut second).is_none());
    drop(served(&mut first).expect("it is next"));
    assert!(served(&mut second).is_some());
}

#[test]
fn a_run_that_has_ended_comes_before_all_others() {
    let (queue, taken) = full();
    let mut other = in_line(&queue.member());
    let ended = queue.member();
    ended.has_ended();
    let mut of_ended = in_line(&ended);
    drop(taken);
    assert!(served(&mut other).is_none());
    drop(served(&mut of_ended).expect("it is next"));
    assert!(served(&mut other).is_some());
}

#[test]
fn a_request_that_waits_moves_up_when_its_run_ends() {
    let (queue, taken) = full();
    let mut other = in_line(&queue.member());
    let ending = queue.member();
    let mut of_ending = in_line(&ending);
    ending.has_ended();
    drop(taken);
    assert!(served(&mut other).is_none());
    drop(served(&mut of_ending).expect("it is next"));
    assert!(served(&mut other).is_some());
}

#[test]
fn runs_that_have_ended_are_served_in_the_order_in_which_they_came() {
    let (queue, taken) = full();
    let members = [queue.member(), queue.member()];
    let [mut first, mut second] = [in_line(&members[0]), in_line(&members[1])];
    members[1].has_ended();
    members[0].has_ended();
    drop(taken);
    assert!(served(&mut second).is_none());
    assert!(served(&mut first).is_some());
}

#[test]
fn who_leaves_the_line_is_passed_over() {
    let (queue, taken) = full();
    let (gone, mut next) = (in_line(&queue.member()), in_line(&queue.member()));
    drop(gone);
    drop(taken);
    assert!(served(&mut next).is_some());
}

#[test]
fn a_place_that_was_given_to_somebody_who_has_left_goes_to_the_next() {
    let (queue, taken) = full();
    let (gone, mut next) = (in_line(&queue.member()), in_line(&queue.member()));
    drop(taken);
    assert!(served(&mut next).is_none());
    drop(gone);
    assert!(served(&mut next).is_some());
}

#[test]
fn a_run_that_ends_when_nobody_waits_for_it_changes_nothing() {
    let (queue, taken) = full();
    let member = queue.member();
    drop(taken);
    drop(member.take().now_or_never().expect("it is free"));
    let taken = queue.member().take().now_or_never().expect("it is free");
    let mut other = in_line(&queue.member());
    member.has_ended();
    drop(taken);
    assert!(served(&mut other).is_some());
}

#[tokio::test(start_paused = true)]
async fn after_a_shortage_there_are_fewer_places_and_more_again_once_it_is_calm() {
    let queue = Queue::new(3);
    let take = || queue.member().take().now_or_never();
    let (first, second, third) = (take().unwrap(), take().unwrap(), take().unwrap());
    let number = third.too_many().ok().expect("others have places");
    let mut again = Box::pin(queue.member().take_again(number));
    assert!((&mut again).now_or_never().is_none());
    drop(first);
    let again = served(&mut again).expect("a place is free");
    assert!(take().is_none(), "there are two places");
    advance(CALM).await;
    drop(again);
    let others = (take(), take());
    assert!(others.0.is_some() && others.1.is_some() && take().is_none());
    drop(second);
}

#[test]
fn whoever_has_given_a_place_back_for_a_shortage_comes_before_those_who_came_later() {
    let queue = Queue::new(2);
    let (member, other) = (queue.member(), queue.member());
    let taken = other.take().now_or_never().unwrap();
    let short = member.take().now_or_never().unwrap();
    let mut later = in_line(&queue.member());
    let mut again = Box::pin(member.take_again(short.too_many().ok().unwrap()));
    assert!((&mut again).now_or_never().is_none());
    drop(taken);
    assert!(served(&mut later).is_none());
    assert!(served(&mut again).is_some());
}

#[test]
fn the_last_place_is_kept_in_a_shortage() {
    let queue = Queue::new(2);
    let only = queue.member().take().now_or_never().unwrap();
    assert!(only.too_many().is_err());
}

/// Some leave the line, some end, some find too few descriptors. Nobody waits while a place is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thousands_who_wait_each_is_served_and_never_more_than_there_are_places() {
    const PLACES: usize = 7;
    let (queue, under_way) = (Queue::new(PLACES), Arc::new(AtomicUsize::new(0)));
    let mut runs = JoinSet::new();
    for number in 0..5000 {
        let (member, under_way) = (queue.member(), Arc::clone(&under_way));
        runs.spawn(async move {
            for request in 0..5 {
                if (number + request) % 3 == 0 {
                    // It is polled a few times, and dropped wherever it is then.
                    let mut leaving = Box::pin(member.take());
                    for _ in 0..number % 4 {
                        if (&mut leaving).now_or_never().is_some() {
                            break;
                        }
                        yield_now().await;
                    }
                }
                if request == 4 {
                    member.has_ended();
                }
                let mut taken = member.take().await;
                if number % 1000 == 0 {
                    taken = match taken.too_many() {
                        Ok(number) => member.take_again(number).await,
                        Err(kept) => kept,
                    };
                }
                assert!(under_way.fetch_add(1, Ordering::SeqCst) < PLACES);
                yield_now().await;
                let line = member.queue.line();
                assert!(line.taken >= line.open || line.of_ended.is_empty() && line.others.is_empty());
                drop(line);
                under_way.fetch_sub(1, Ordering::SeqCst);
                drop(taken);
            }
        });
    }
    // It takes a second. Without a limit a test that fails would never end.
    while let Some(run) = timeout(Duration::from_secs(120), runs.join_next()).await.expect("somebody is not woken") {
        run.expect("it is served");
    }
    let line = queue.line();
    assert_eq!((line.taken, line.of_ended.len(), line.others.len()), (0, 0, 0));
}
