use std::collections::HashMap;
use std::env;

use bytes::Bytes;
use host_test::component;
use host_test::endpoint::{MockEndpoint, hang, hang_in_body, status};
use host_test::guest::{API_KEY, RUN_ID};
use host_test::report::line;
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{self, Instant};

use super::*;
use crate::network::client::Client;
#[cfg(unix)]
use crate::network::few_descriptors;
use crate::{ApiKey, Cache, Config, Host, Instances, Reporting, Run};

const MIB: usize = 1024 * 1024;
#[cfg(unix)]
const RUNS: usize = 300;

fn post(url: &str, bytes: usize) -> Request<WasiBody> {
    let body = Full::new(Bytes::from(vec![b'x'; bytes])).map_err(|never| match never {});
    Request::post(url).header("content-length", bytes).body(body.boxed_unsync()).unwrap()
}

fn options(connect_ms: u64, first_byte_ms: u64, between_bytes_ms: u64) -> RequestOptions {
    let [connect, first_byte, between_bytes] =
        [connect_ms, first_byte_ms, between_bytes_ms].map(|ms| Some(Duration::from_millis(ms)));
    RequestOptions { connect_timeout: connect, first_byte_timeout: first_byte, between_bytes_timeout: between_bytes }
}

/// The other tests' own: to compile a component takes a minute on a busy machine.
pub(crate) fn cache() -> Cache {
    let program = env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap();
    Cache::Folder(target.join("tmp").join("cache"))
}

async fn send_alone(request: Request<WasiBody>, options: RequestOptions) -> Result<Response<WasiBody>, Error> {
    let client = Client::new(None, Some(1)).unwrap();
    send(client.reports(), url_of(&request), request, options, &client.reports().of_one_run()).await
}

fn url_of(request: &Request<WasiBody>) -> Url {
    request.uri().to_string().parse().unwrap()
}

#[tokio::test]
async fn head_and_body_leave_in_one_write() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let reading = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = vec![0; 64 * 1024];
        let length = stream.read(&mut first).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        first.truncate(length);
        String::from_utf8(first).unwrap()
    });
    let answer = send_alone(post(&url, 1000), options(5000, 5000, 5000)).await;
    assert_eq!(answer.unwrap().status(), 200);
    assert!(reading.await.unwrap().ends_with(&"x".repeat(1000)));
}

/// Reads 64 KiB each 20 ms, and little is buffered on its side.
async fn read_slowly(listener: TcpListener) -> usize {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (mut read, mut piece) = (0, vec![0; 64 * 1024]);
    while read < 4 * MIB {
        read += stream.read_exact(&mut piece).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    // What the head has taken of the pieces.
    stream.read_to_end(&mut piece).await.unwrap();
    read
}

/// As long as a log may be. It takes several times what there is to connect and to the first byte.
#[tokio::test]
async fn an_upload_may_take_its_time_while_it_moves() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let reading = tokio::spawn(read_slowly(listener));
    let answer = send_alone(post(&url, 4 * MIB), options(300, 100, 2000)).await;
    assert_eq!(answer.expect("it moves").status(), 200);
    assert!(reading.await.unwrap() >= 4 * MIB);
}

#[tokio::test]
async fn an_upload_that_stands_still_is_given_up() {
    let endpoint = MockEndpoint::script([hang_in_body(1)]);
    let late = send_alone(post(&endpoint.url(), 32 * MIB), options(5000, 5000, 300)).await;
    assert!(matches!(late, Err(Error::ConnectionWriteTimeout)), "{late:?}");
}

#[tokio::test]
async fn the_first_byte_may_take_a_second_more_for_each_64_kib_of_the_body() {
    let endpoint = MockEndpoint::script([hang(), hang()]);
    let began = Instant::now();
    let late = send_alone(post(&endpoint.url(), 64 * 1024), options(5000, 100, 5000)).await;
    assert!(matches!(late, Err(Error::ConnectionReadTimeout)), "{late:?}");
    assert!(began.elapsed() >= Duration::from_millis(1100));

    let late = send_alone(post(&endpoint.url(), 1000), options(10_000, 100, 10_000)).await;
    assert!(matches!(late, Err(Error::ConnectionReadTimeout)), "{late:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn no_timeout_begins_before_there_is_a_place() {
    let endpoint = MockEndpoint::script([status(200)]);
    let client = Client::new(None, Some(1)).unwrap();
    let (first, second) = (client.reports().of_one_run(), client.reports().of_one_run());
    let place = first.take().await;
    let leaving = async {
        sleep(Duration::from_millis(300)).await;
        drop(place);
    };
    let post = post(&endpoint.url(), 2);
    let request = send(client.reports(), url_of(&post), post, options(100, 5000, 100), &second);
    let (answer, ()) = tokio::join!(request, leaving);
    assert_eq!(answer.expect("it had to wait only").status(), 200);
}

/// For two minutes, which neither the process component nor its retry budget of one notices.
#[tokio::test(start_paused = true)]
async fn a_full_queue_costs_a_report_no_attempt() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let instances = Instances::OnDemand;
    let config = Config { cache: cache(), instances, connections: Some(3), ..Config::default() };
    let host = Host::new(&config).unwrap();
    let task = host.load(component::test_task()).unwrap();
    let others = host.0.client.take_all_places_for_reports();
    let reporting = Reporting {
        run_id: RUN_ID.into(),
        api_key: ApiKey::new(API_KEY),
        endpoint: Some(endpoint.url()),
        delivery: Vec::new(),
    };
    let run = Run { reporting: Some(reporting), input: "{}".into(), ..Run::default() };
    let running = tokio::spawn(async move { task.run(run).await });
    sleep(Duration::from_secs(120)).await;
    time::resume();
    drop(others);
    let ended = running.await.unwrap();
    assert_eq!(ended.trouble, [""; 0]);
    endpoint.requests::<2>();
}

#[cfg(unix)]
#[test]
fn a_request_waits_for_a_file_descriptor() {
    few_descriptors::alone("network::exchange::tests::a_request_waits_for_a_file_descriptor", |url, held| async move {
        let releasing = async {
            sleep(Duration::from_millis(300)).await;
            drop(held);
        };
        let (answer, ()) = tokio::join!(send_alone(post(&url, 2), options(100, 5000, 100)), releasing);
        assert_eq!(answer.expect("it had to wait only").status(), 200);
    });
}

/// Ten times as many requests could be under way, so most of them find no descriptor.
#[cfg(unix)]
#[test]
fn runs_with_twenty_file_descriptors_left_lose_nothing_and_that_is_said_once() {
    const LEFT: usize = 20;
    let run_id = |number| format!("12345678-1234-5678-1234-{number:012}");
    let endpoint = few_descriptors::alone(
        "network::exchange::tests::runs_with_twenty_file_descriptors_left_lose_nothing_and_that_is_said_once",
        |url, mut held| async move {
            held.all_but(LEFT);
            let config = Config { cache: cache(), connections: Some(10 * LEFT), ..Config::default() };
            let host = Host::new(&config).unwrap();
            let task = host.load(component::test_task()).unwrap();
            held.all_but(LEFT);
            let runs: Vec<_> = (0..RUNS)
                .map(|number| {
                    let (run_id, api_key, endpoint) = (run_id(number), ApiKey::new(API_KEY), Some(url.clone()));
                    let reporting = Some(Reporting { run_id, api_key, endpoint, delivery: Vec::new() });
                    let input = r#"{"do": "echo"}"#.into();
                    let task = task.clone();
                    tokio::spawn(async move { task.run(Run { reporting, input, ..Run::default() }).await })
                })
                .collect();
            for run in runs {
                let ended = run.await.unwrap();
                assert_eq!((ended.trouble, ended.is_acknowledged), (vec![], true));
            }
            assert_eq!(few_descriptors::warnings(), 1);
            drop(held);
        },
    );
    let Some(endpoint) = endpoint else { return };
    let mut reports: HashMap<String, Vec<String>> = HashMap::new();
    for request in endpoint.all_requests() {
        let run_id = request.json()["task_run_id"].as_str().unwrap_or_default().to_string();
        reports.entry(run_id).or_default().push(line(&request));
    }
    let expected = ["RUNNING task started.", r#"input = {"do":"echo"}"#, "SUCCEEDED task succeeded."];
    for number in 0..RUNS {
        assert_eq!(reports[&run_id(number)], expected, "{number}");
    }
}
