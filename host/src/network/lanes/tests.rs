use std::time::Duration;
use std::{env, fs};

use bytes::Bytes;
use futures_util::future::join_all;
use host_test::endpoint::{Http2, MockEndpoint, status};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::network::client::Client;
use crate::network::exchange::send;
use crate::network::places::Places;

fn client(endpoint: &MockEndpoint, test: &str, connections: usize) -> Client {
    let file = env::temp_dir().join(format!("orchestra-{test}-{}.pem", std::process::id()));
    fs::write(&file, endpoint.certificate_authority_pem()).unwrap();
    let client = Client::new(Some(&file), Some(connections));
    fs::remove_file(&file).unwrap();
    client.unwrap()
}

fn post(url: &str) -> Request<WasiBody> {
    let body = Full::new(Bytes::from_static(b"{}")).map_err(|never| match never {});
    Request::post(url).header("content-length", 2).body(body.boxed_unsync()).unwrap()
}

async fn send_to(endpoint: &MockEndpoint, client: &Client, run: &Places, connect: Duration) -> Result<u16, Error> {
    let options = RequestOptions {
        connect_timeout: Some(connect),
        first_byte_timeout: Some(Duration::from_secs(10)),
        between_bytes_timeout: Some(Duration::from_secs(10)),
    };
    let url = endpoint.url().parse().unwrap();
    let answer = send(client.reports(), url, post(&endpoint.url()), options, run).await?;
    let status = answer.status().as_u16();
    answer.into_body().collect().await?;
    Ok(status)
}

/// A hundred share one, and nobody makes another while the first is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_at_once_have_a_connection_for_each_hundred_under_way() {
    const UNDER_WAY: usize = 512;
    let answer = status(200).delayed(Duration::from_millis(100));
    let endpoint = MockEndpoint::always_http2(answer, Http2 { streams: 128, last: None });
    let client = client(&endpoint, "few-connections", UNDER_WAY);
    let runs: Vec<_> = (0..100).map(|_| client.reports().of_one_run()).collect();
    let requests = runs.iter().flat_map(|run| (0..10).map(move |_| run));
    let sent = join_all(requests.map(|run| send_to(&endpoint, &client, run, Duration::from_secs(10)))).await;
    assert!(sent.iter().all(|status| matches!(status, Ok(200))), "{sent:?}");
    assert_eq!(endpoint.all_requests().len(), 1000);
    assert!(endpoint.connections() <= UNDER_WAY.div_ceil(super::STREAMS), "{} connections", endpoint.connections());
}

/// The last one waits for longer than a connection may take, and on its run's clock not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_allows_few_streams_is_waited_for_like_a_place() {
    const PATIENCE: Duration = Duration::from_secs(1);
    let answer = status(200).delayed(Duration::from_millis(200));
    let endpoint = MockEndpoint::always_http2(answer, Http2 { streams: 10, last: None });
    let client = client(&endpoint, "few-streams", 100);
    // To load the trust store takes its time, and is not what is measured.
    let first = send_to(&endpoint, &client, &client.reports().of_one_run(), Duration::from_secs(10)).await;
    assert!(matches!(first, Ok(200)), "{first:?}");
    let runs: Vec<_> = (0..100).map(|_| client.reports().of_one_run()).collect();
    let began = Instant::now();
    let sent = join_all(runs.iter().map(async |run| {
        let sent = send_to(&endpoint, &client, run, PATIENCE).await;
        (sent, run.clock().elapsed())
    }));
    let sent = sent.await;
    let all_took = began.elapsed();
    assert!(sent.iter().all(|(status, _)| matches!(status, Ok(200))), "{sent:?}");
    // With the wait it would be twice that much. One may be held up by a busy machine, and not all.
    let of_clocks: Duration = sent.iter().map(|(_, took)| *took).sum();
    assert!(of_clocks / 100 < PATIENCE / 2, "{sent:?}");
    assert_eq!(endpoint.connections(), 1);
    assert!(all_took > Duration::from_millis(1900));
}

/// One after the other they would take three seconds.
#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_body_do_not_wait_for_each_others_answers() {
    let answer = status(200).delayed(Duration::from_millis(300));
    let endpoint = MockEndpoint::always_http2(answer, Http2::default());
    let client = client(&endpoint, "without-a-body", 100);
    let (run, url) = (client.reports().of_one_run(), endpoint.url());
    let get = async || {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get(&url).body(body).unwrap();
        let options = RequestOptions::default();
        send(client.reports(), url.parse().unwrap(), request, options, &run).await.map(|answer| answer.status())
    };
    assert_eq!(get().await.unwrap(), 200);
    let began = Instant::now();
    assert!(join_all((0..10).map(|_| get())).await.iter().all(|status| matches!(status, Ok(StatusCode::OK))));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
