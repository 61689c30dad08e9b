//! Connections that are slow, silent or never end.

use std::time::Duration;

use red_panda::server::serve;
use red_panda::server::webhook::Room;
use tokio::io::AsyncWriteExt;

use super::*;

#[tokio::test]
async fn half_a_request_does_not_keep_the_server_from_stopping() {
    let house = House::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stranger = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stranger, b"GET / HTTP/1.1\r\n").await.unwrap();
    let stop = tokio::time::sleep(Duration::from_millis(50));
    let serving = serve(listener, house.router.clone(), stop, Duration::ZERO);
    tokio::time::timeout(Duration::from_secs(10), serving).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn twenty_silent_connections_that_announce_the_largest_body_delay_nobody_s_delivery() {
    let house = House::built(true, SECRET, 5_000, Room::default()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, house.router.clone(), std::future::pending(), Duration::ZERO));
    let head = format!(
        "POST /webhooks/forgejo HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {LARGEST}\r\n\r\n"
    );
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let (parts, body) = signed("a", r#"{"pull":7}"#).into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{address}/webhooks/forgejo")).headers(parts.headers).body(body);
    let answered = tokio::time::timeout(Duration::from_secs(60), request.send()).await.expect("an answer");
    assert_eq!(answered.unwrap().status().as_u16(), 202);
    for stream in silent {
        let mut still_open = stream.into_std().unwrap();
        let nothing_yet = std::io::Read::read(&mut still_open, &mut [0]).expect_err("it was waited for");
        assert_eq!(nothing_yet.kind(), std::io::ErrorKind::WouldBlock);
    }
    serving.abort();
}
