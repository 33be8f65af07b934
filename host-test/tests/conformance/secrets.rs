use host_test::endpoint::{Faulty as _, MockEndpoint, redirect, status};
use host_test::guest::{API_KEY, Cause, DeliveryError, EndingError, Reporter};

fn refused(endpoint: &MockEndpoint) -> DeliveryError {
    match Reporter::to(endpoint).run().complete(None, None) {
        Err(EndingError::Delivery(refusal @ DeliveryError { cause: Cause::Refused(_), .. })) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Some endpoints answer an error with what they were sent.
#[test]
fn a_key_that_the_endpoint_sends_back_is_taken_out() {
    for offset in [0, 1, 1010, 1018, 1024] {
        let body = format!("{}{API_KEY} is no key", "x".repeat(offset));
        let endpoint = MockEndpoint::script([status(401).body(body)]);
        let refusal = refused(&endpoint);
        assert!(!refusal.explanation.contains("test-k"), "{}", refusal.explanation);
        assert!(refusal.explanation.len() <= 1024);
    }
}

/// Each key that is taken out makes room for what stands behind it: here for the first half of the last one.
#[test]
fn no_part_of_a_key_comes_into_the_text_from_behind_its_end() {
    let body = format!("{}{}{API_KEY}", API_KEY.repeat(20), "x".repeat(1028 - 20 * API_KEY.len()));
    let endpoint = MockEndpoint::script([status(401).body(body)]);
    let refusal = refused(&endpoint);
    assert!(!refusal.explanation.contains("test"), "{}", refusal.explanation);
}

#[test]
fn an_answer_that_breaks_off_inside_the_key_does_not_show_its_beginning() {
    let endpoint = MockEndpoint::script([status(401).body(format!("no such key: {API_KEY}")).truncated_after(22)]);
    let refusal = refused(&endpoint);
    assert_eq!(refusal.explanation, "no such key: ");
}

#[test]
fn a_redirect_with_the_key_in_it_does_not_show_it() {
    let endpoint = MockEndpoint::script([redirect(307, &format!("/?key={API_KEY}"))]);
    let error = Reporter::to(&endpoint).run().complete(None, None).unwrap_err();
    assert!(!format!("{error:?}").contains(API_KEY));
}

#[test]
fn the_key_is_in_one_header() {
    let endpoint = MockEndpoint::script([status(200)]);
    Reporter::to(&endpoint).run().complete(Some("x"), None).unwrap();
    let [request] = endpoint.requests();
    let holders: Vec<_> = request.headers.iter().filter(|(_, value)| value.contains(API_KEY)).collect();
    assert_eq!(holders.len(), 1);
    assert!(!request.text().contains(API_KEY));
}
