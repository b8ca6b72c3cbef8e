//! The service, over HTTP on a port of this machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_service::booking::Booking;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vitae::Bus;
use vitae::tokio::AsyncBus;
use vitae_sqlite::SqliteStore;

/// Longer than anything takes here: a wait that comes to this has failed.
const FOR_EVER: Duration = Duration::from_secs(60);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    folder: TempDir,
}

impl Running {
    async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(folder: TempDir) -> Self {
        let store = SqliteStore::open(folder.path().join("bookings.db")).unwrap();
        let bus = Bus::builder(Arc::new(store)).register::<Booking>().open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(http_service::serve(listener, AsyncBus::new(bus), stopped));
        Self { address, stop, served, folder }
    }

    async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        let served = timeout(FOR_EVER, self.served).await.expect("it does not stop");
        served.unwrap().unwrap();
        self.folder
    }

    async fn send(&self, request: &str, headers: &str, body: &str) -> BufReader<TcpStream> {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        BufReader::new(connection)
    }

    /// The status and the body of an answer.
    async fn ask(&self, request: &str, headers: &str, body: &Value) -> (u16, Value) {
        let mut answer = String::new();
        let mut connection = self.send(request, headers, &body.to_string()).await;
        timeout(FOR_EVER, connection.read_to_string(&mut answer)).await.unwrap().unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    async fn post(&self, command: &str, body: Value) -> (u16, Value) {
        self.ask(&format!("POST /bookings/{command}"), "", &body).await
    }

    /// The data of so many events.
    async fn events(&self, headers: &str, events: usize) -> Vec<Value> {
        self.more_events(&mut self.send("GET /events", headers, "").await, events).await
    }

    async fn more_events(&self, from: &mut BufReader<TcpStream>, events: usize) -> Vec<Value> {
        let mut data = Vec::new();
        while data.len() < events {
            let mut line = String::new();
            timeout(FOR_EVER, from.read_line(&mut line)).await.unwrap().unwrap();
            assert!(!line.is_empty(), "the events end");
            data.extend(
                line.strip_prefix("data: ").map(|json| serde_json::from_str(json).unwrap()),
            );
        }
        data
    }
}

fn ada() -> Value {
    json!({ "name": "Ada", "guests": 3 })
}

#[tokio::test]
async fn a_booking_is_led_through_its_life() {
    let service = Running::start().await;
    let (status, body) = service.post("b-1/request", ada()).await;
    assert_eq!((status, &body["state"], &body["version"]), (200, &json!("waiting"), &json!(1)));
    let (_, body) = service.post("b-1/confirm", json!({ "table": 7, "seats": 4 })).await;
    let held = json!({ "id": "b-1", "version": 2, "state": "held", "name": "Ada", "guests": 3, "table": 7 });
    assert_eq!(body, held);
    assert_eq!(service.ask("GET /bookings/b-1", "", &Value::Null).await, (200, held));
    service.post("b-1/seat", json!({})).await;
    let (_, body) = service.post("b-1/leave", json!({})).await;
    assert_eq!((&body["state"], &body["version"]), (&json!("closed"), &json!(4)));
    // What is on the disk is what there is.
    let service = Running::start_in(service.stop().await).await;
    let (status, body) = service.ask("GET /bookings/b-1", "", &Value::Null).await;
    assert_eq!((status, &body["state"]), (200, &json!("closed")));
    service.stop().await;
}

#[tokio::test]
async fn what_cannot_happen_is_a_conflict_that_says_what_can() {
    let service = Running::start().await;
    let (status, body) = service.post("b-1/seat", json!({})).await;
    assert_eq!((status, &body["legal"]), (409, &json!(["Requested"])));
    let error = body["error"].as_str().unwrap();
    assert!(error.starts_with("`Seated` cannot happen in state `Unknown` of `booking`"), "{error}");
    assert_eq!(service.ask("GET /bookings/b-1", "", &Value::Null).await.0, 404);

    service.post("b-1/request", ada()).await;
    let (status, body) = service.post("b-1/confirm", json!({ "table": 7, "seats": 2 })).await;
    assert_eq!((status, body), (409, json!({ "error": "table 7 has 2 seats for 3" })));
    let (_, body) = service.post("b-1/cancel", json!({ "reason": "rain" })).await;
    assert_eq!((&body["state"], &body["version"]), (&json!("closed"), &json!(2)));
    service.stop().await;
}

#[tokio::test]
async fn the_same_request_again_is_done_once() {
    let service = Running::start().await;
    let key = "idempotency-key: request-17\r\n";
    for _ in 0..2 {
        let (status, body) = service.ask("POST /bookings/b-1/request", key, &ada()).await;
        assert_eq!((status, &body["version"]), (200, &json!(1)));
    }
    let (status, _) =
        service.ask("POST /bookings/b-1/request", "idempotency-key:\r\n", &ada()).await;
    assert_eq!(status, 400);
    assert_eq!(service.post("b-1/request", ada()).await.0, 409, "without its key it is another");
    service.stop().await;
}

#[tokio::test]
async fn events_are_streamed_as_they_happen() {
    let service = Running::start().await;
    service.post("b-1/request", ada()).await;
    let mut live = service.send("GET /events", "", "").await;
    let [first] = service.more_events(&mut live, 1).await.try_into().unwrap();
    assert_eq!(
        first,
        json!({
            "event": "booking.requested", "booking": "b-1", "version": 1, "payload": ada()
        })
    );
    service.post("b-1/cancel", json!({ "reason": null })).await;
    let [second] = service.more_events(&mut live, 1).await.try_into().unwrap();
    assert_eq!(second["event"], "booking.cancelled");
    // Who comes back says what it saw last.
    assert_eq!(service.events("last-event-id: 1\r\n", 1).await, [second]);
    // A stream that nobody ends does not keep the service from stopping.
    service.stop().await;
    let mut rest = String::new();
    timeout(FOR_EVER, live.read_to_string(&mut rest)).await.unwrap().unwrap();
}
