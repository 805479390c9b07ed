//! To the demo and back, a connection for each request.

use std::{error::Error, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1, upgrade};
use hyper_util::rt::TokioIo;
use tokio::{io::copy_bidirectional, net::TcpStream};

use super::exchange::{Body, status};

/// What the demo answers; 502 if it does not.
pub(super) async fn to_demo(
    demo: SocketAddr,
    scheme: &'static str,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let scheme = HeaderValue::from_static(scheme);
    request.headers_mut().insert("x-forwarded-proto", scheme);
    let ours = request
        .headers()
        .contains_key(header::UPGRADE)
        .then(|| upgrade::on(&mut request));
    let Some(mut answer) = send(demo, request).await else {
        return status(StatusCode::BAD_GATEWAY);
    };
    if let Some(ours) = ours
        && answer.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        let theirs = upgrade::on(&mut answer);
        tokio::spawn(async move {
            if let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) {
                let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
                let _ = copy_bidirectional(&mut ours, &mut theirs).await;
            }
        });
    }
    answer.map(BodyExt::boxed)
}

/// The status of what the demo answers.
pub(super) async fn by_hand(
    demo: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::HOST, demo.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answer = send(demo, request).await.expect("the demo answers");
    answer.status().as_u16()
}

async fn send<B>(demo: SocketAddr, request: Request<B>) -> Option<Response<Incoming>>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = TcpStream::connect(demo).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.ok()
}
