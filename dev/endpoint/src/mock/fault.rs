//! Acts out, on the bare connection, what no HTTP server would do.

use std::io;
use std::time::Duration;

use hyper::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

use super::record::{EntryId, Record};
use crate::reply::{Delivery, End, Http, Reply};

/// An endless body's chunk, and the pause after it.
const ENDLESS_CHUNK_BYTES: usize = 16 * 1024;
const ENDLESS_PAUSE: Duration = Duration::from_millis(2);

/// A connection, with TLS or without, whose socket is in reach.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Sends the reply, and ends the connection as it says.
pub(crate) async fn act_out(mut stream: impl Wire, reply: &Reply, id: EntryId, record: &Record) {
    match reply_with(&mut stream, reply).await {
        // Closing a socket with something unread in it sends an RST, which may overtake the answer on its way to the
        // client. So FIN was sent by itself, and the socket is kept until the client has gone.
        Ok(End::Close) => {
            record.finished(id, "");
            client_left(stream.tcp()).await;
        }
        // The RST comes with the drop; the option fails only on a connection that is gone.
        Ok(End::Reset) => {
            let _ = stream.tcp().set_zero_linger();
            record.finished(id, "");
        }
        Ok(End::Hang) => {
            let _hanging = record.hanging();
            client_left(stream.tcp()).await;
            record.finished(id, "the client left");
        }
        Err(error) => record.finished(id, &format!("the client left: {error}")),
    }
}

/// Sends all that is to be sent, a FIN too. An error means that the client left before.
async fn reply_with(stream: &mut impl Wire, reply: &Reply) -> io::Result<End> {
    let end = match reply {
        Reply::Http(http) => send(stream, http).await?,
        Reply::Bytes { bytes, then } => {
            stream.write_all(bytes).await?;
            *then
        }
    };
    stream.flush().await?;
    if end == End::Close {
        stream.shutdown().await?;
    }
    Ok(end)
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), http: &Http) -> io::Result<End> {
    let body = http.body.as_slice();
    stream.write_all(&head(http)).await?;
    let (sent, end) = match http.delivery {
        Delivery::Whole => (body, End::Close),
        Delivery::WholeThenReset => (body, End::Reset),
        Delivery::FirstHalf { then } => (&body[..body.len() / 2], then),
        Delivery::First { bytes, then } => (&body[..bytes.min(body.len())], then),
        Delivery::ByteByByte { pause } => {
            for byte in body {
                sleep(pause).await;
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
            }
            (&[][..], End::Close)
        }
        Delivery::Endless => loop {
            stream.write_all(&endless_chunk()).await?;
            stream.flush().await?;
            sleep(ENDLESS_PAUSE).await;
        },
    };
    stream.write_all(sent).await?;
    Ok(end)
}

fn head(http: &Http) -> Vec<u8> {
    let reason = http.status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", http.status.as_u16()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in &http.headers {
        line(name.as_str(), value.as_bytes());
    }
    if let Delivery::Endless = http.delivery {
        line(TRANSFER_ENCODING.as_str(), b"chunked");
    } else {
        let length = http.content_length.unwrap_or(http.body.len() as u64);
        line(CONTENT_LENGTH.as_str(), length.to_string().as_bytes());
    }
    // A server that is about to break off does not say so; one that sends all of its answer does.
    if let Delivery::Whole | Delivery::ByteByByte { .. } = http.delivery {
        line(CONNECTION.as_str(), b"close");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn endless_chunk() -> Vec<u8> {
    let mut chunk = format!("{ENDLESS_CHUNK_BYTES:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + ENDLESS_CHUNK_BYTES, b'x');
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Waits for the client to close its side, without reading what it sends. To close the sending side is enough.
async fn client_left(socket: &TcpStream) {
    while let Ok(ready) = socket.ready(Interest::READABLE).await
        && !ready.is_read_closed()
    {
        // Data came, which stays where it is: claiming that there is none makes `ready` wait for the next event.
        let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::mock::record::State;
    use crate::mock::test_client::{
        Ended, body, connect, exchange, impatient, post, read_to_end, read_until, send, unfinished_post,
    };
    use crate::*;

    /// What a client sees that sends a whole request, and the body that was recorded.
    fn after_whole_request(answer: Answer) -> (String, Ended, Vec<u8>) {
        let endpoint = MockEndpoint::script([answer]);
        let (answer, ended) = exchange(&endpoint, &post("abcdef"));
        let [request] = endpoint.requests();
        assert!(request.body_complete);
        (answer, ended, request.body)
    }

    #[test]
    fn close_on_connect_sends_a_fin_and_records_no_request() {
        let endpoint = MockEndpoint::script([close_on_connect()]);
        assert_eq!(exchange(&endpoint, &post("")), (String::new(), Ended::Fin));
        let [] = endpoint.requests();
    }

    #[test]
    fn reset_on_connect_sends_an_rst_and_records_no_request() {
        let endpoint = MockEndpoint::script([reset_on_connect()]);
        assert_eq!(exchange(&endpoint, ""), (String::new(), Ended::Rst));
        let [] = endpoint.requests();
    }

    #[test]
    fn hang_on_connect_reads_nothing_and_sees_the_client_leave() {
        let endpoint = MockEndpoint::script([hang_on_connect()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &post("abc"));
        endpoint.wait_for_hanging(1);
        impatient(&stream);

        assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));
        let [] = endpoint.requests();

        drop(stream);
        endpoint.wait_for_hanging(0);
    }

    #[test]
    fn hang_reads_the_request_and_sees_the_client_leave() {
        let endpoint = MockEndpoint::script([hang()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &post("abc"));
        endpoint.wait_for_hanging(1);
        impatient(&stream);

        assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));
        let [request] = endpoint.requests();
        assert_eq!(request.text(), "abc");

        drop(stream);
        endpoint.wait_for_hanging(0);
    }

    #[test]
    fn close_after_head_does_not_wait_for_the_body() {
        let endpoint = MockEndpoint::script([close_after_head()]);
        assert_eq!(exchange(&endpoint, &unfinished_post(10, "")), (String::new(), Ended::Fin));
        let [request] = endpoint.requests();
        assert!(!request.body_complete);
    }

    #[test]
    fn reset_after_head_does_not_wait_for_the_body() {
        let endpoint = MockEndpoint::script([reset_after_head()]);
        assert_eq!(exchange(&endpoint, &unfinished_post(10, "")), (String::new(), Ended::Rst));
        let [request] = endpoint.requests();
        assert!(!request.body_complete);
    }

    #[test]
    fn close_in_body_keeps_what_came_before() {
        let endpoint = MockEndpoint::script([close_in_body(3)]);
        assert_eq!(exchange(&endpoint, &unfinished_post(100, "abcdef")), (String::new(), Ended::Fin));
        let [request] = endpoint.requests();
        assert_eq!((request.text(), request.body_complete), ("abc", false));
    }

    #[test]
    fn reset_in_body_keeps_what_came_before() {
        let endpoint = MockEndpoint::script([reset_in_body(3)]);
        assert_eq!(exchange(&endpoint, &unfinished_post(100, "abcdef")), (String::new(), Ended::Rst));
        let [request] = endpoint.requests();
        assert_eq!((request.text(), request.body_complete), ("abc", false));
    }

    #[test]
    fn a_fault_after_the_last_byte_of_the_body_has_all_of_it() {
        assert_eq!(after_whole_request(close_in_body(6)), (String::new(), Ended::Fin, b"abcdef".to_vec()));
        assert_eq!(after_whole_request(reset_in_body(7)), (String::new(), Ended::Rst, b"abcdef".to_vec()));
    }

    #[test]
    fn close_after_request_has_all_of_it() {
        assert_eq!(after_whole_request(close_after_request()), (String::new(), Ended::Fin, b"abcdef".to_vec()));
    }

    #[test]
    fn reset_after_request_has_all_of_it() {
        assert_eq!(after_whole_request(reset_after_request()), (String::new(), Ended::Rst, b"abcdef".to_vec()));
    }

    #[test]
    fn a_truncated_body_stops_short_of_its_length() {
        let (answer, ended, _) = after_whole_request(status(200).body("0123456789").truncated_after(4));
        assert!(answer.contains("\r\ncontent-length: 10\r\n"), "{answer}");
        assert_eq!((body(&answer), ended), ("0123", Ended::Fin));
    }

    #[test]
    fn a_content_length_may_be_wrong_both_ways() {
        for length in [2, 20] {
            let (answer, ended, _) = after_whole_request(status(200).body("0123456789").content_length(length));
            assert!(answer.contains(&format!("\r\ncontent-length: {length}\r\n")), "{answer}");
            assert_eq!((body(&answer), ended), ("0123456789", Ended::Fin));
        }
    }

    #[test]
    fn hanging_inside_stops_in_the_middle_of_the_body() {
        let endpoint = MockEndpoint::script([status(200).body("0123456789").hanging_inside()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &post(""));
        read_until(&mut stream, "\r\n\r\n01234");
        endpoint.wait_for_hanging(1);
        impatient(&stream);

        assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));

        drop(stream);
        endpoint.wait_for_hanging(0);
    }

    #[test]
    fn reset_inside_answer_comes_after_a_part_of_the_body() {
        let (answer, ended, _) = after_whole_request(reset_inside_answer());
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !body(&answer).is_empty(), "{answer}");
        assert_eq!(ended, Ended::Rst);
    }

    #[test]
    fn garbage_is_sent_as_it_is() {
        assert_eq!(after_whole_request(garbage("rubbish\n")), ("rubbish\n".into(), Ended::Fin, b"abcdef".to_vec()));
    }

    /// More than the sockets' buffers hold: such a body cannot have been read by the kernel in the endpoint's place.
    const LARGE_BODY_BYTES: usize = 64 * 1024 * 1024;

    #[test]
    fn an_early_answer_leaves_the_body_unread() {
        let endpoint = MockEndpoint::script([status(413).body("too large").early()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &unfinished_post(LARGE_BODY_BYTES, "abc"));

        let (answer, ended) = read_to_end(&mut stream);

        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert_eq!((body(&answer), ended), ("too large", Ended::Fin));
        let [request] = endpoint.requests();
        assert!(request.body.is_empty() && !request.body_complete);
        stream.set_write_timeout(Some(Duration::from_millis(100))).expect("the limit is not zero");
        let stuck = stream.write_all(&vec![b'x'; LARGE_BODY_BYTES]).expect_err("nobody reads it");
        assert_eq!(stuck.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn an_early_reset_fails_the_writing_and_keeps_the_answer_readable() {
        let endpoint = MockEndpoint::script([status(413).body("too large").early_reset()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &unfinished_post(LARGE_BODY_BYTES, ""));

        let failed = stream.write_all(&vec![b'x'; LARGE_BODY_BYTES]).expect_err("the connection is reset");

        assert!(matches!(failed.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{failed}");
        assert_eq!(body(&read_to_end(&mut stream).0), "too large");
    }

    #[test]
    fn an_endless_body_ends_when_the_client_leaves() {
        let endpoint = MockEndpoint::script([endless_body()]);
        let mut stream = connect(&endpoint);
        send(&mut stream, &post(""));
        let mut taken = vec![0; 8 * ENDLESS_CHUNK_BYTES];
        stream.read_exact(&mut taken).expect("it goes on");
        assert!(taken.starts_with(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4000\r\nxxx"));

        drop(stream);

        let ended = |state: &State| state.listing("").contains("the client left");
        assert!(ended(&endpoint.record.wait_until(ended)));
    }

    #[test]
    fn a_slow_body_takes_its_time_and_is_whole() {
        let pause = Duration::from_millis(3);
        let began = std::time::Instant::now();

        let (answer, ended, _) = after_whole_request(slow_body("0123456789", pause));

        assert_eq!((body(&answer), ended), ("0123456789", Ended::Fin));
        assert!(began.elapsed() >= 10 * pause);
    }

    #[test]
    fn a_fault_may_be_delayed() {
        let delay = Duration::from_millis(20);
        let began = std::time::Instant::now();
        assert_eq!(after_whole_request(reset_after_request().delayed(delay)).1, Ended::Rst);
        assert!(began.elapsed() >= delay);
    }

    #[test]
    fn a_delay_inside_a_body_leaves_the_rest_of_it_unread() {
        let endpoint = MockEndpoint::script([close_in_body(3).delayed(Duration::from_millis(20))]);
        assert_eq!(exchange(&endpoint, &unfinished_post(6, "abcdef")), (String::new(), Ended::Fin));
        let [request] = endpoint.requests();
        assert_eq!((request.text(), request.body_complete), ("abc", false));
    }
}
