//! Bodies of requests that are refused: read to their end and forgotten, so that whoever still sends gets to read why,
//! and not that the connection broke.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;

/// How long it may go on; then the connection is closed.
const AT_MOST: Duration = Duration::from_secs(10);

/// A body that is read to its end, if not by who takes it, then after.
struct Drained(Body);

/// Lets no body be left half read. Who waits to be told to go on before he sends is not told.
pub async fn drained(request: Request, next: Next) -> Response {
    let waits = request.headers().contains_key(header::EXPECT);
    let request = match waits {
        true => request,
        false => request.map(|body| Body::new(Drained(body))),
    };
    next.run(request).await
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let body = std::mem::take(&mut self.0);
        if body.is_end_stream() {
            return;
        }
        let mut rest = body.into_data_stream();
        let read = async move { while let Some(Ok(_)) = rest.next().await {} };
        // At the end of the service there is nobody left who could.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(AT_MOST, read));
        }
    }
}
