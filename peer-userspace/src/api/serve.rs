//! Connections: how many, from whom, and how long they may dawdle.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    time::sleep,
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::{
    authentication::authenticate,
    caller::{Caller, Guard},
    request::with_one_slash,
};
use crate::{
    daemon::{Access, Shared},
    kernel,
};

/// How long a request's head may take, also the first one's.
const HEAD: Duration = Duration::from_secs(10);

/// How long an answer may make no progress because nobody takes it.
const STALLED: Duration = Duration::from_secs(30);

/// Connections open at a time on each of socket and TCP; root's and the daemon's own
/// are not among them.
const CONNECTIONS: usize = 256;

/// The same for all users together that have no role.
const CONNECTIONS_OF_NOBODIES: usize = 16;

/// Connections of one caller, or of one address.
const CONNECTIONS_OF_ONE: usize = 64;

/// Serves the API.
#[derive(Clone)]
pub struct Server {
    router: Router,
    guard: Arc<Guard>,
    local: Arc<Semaphore>,
    remote: Arc<Semaphore>,
    nobodies: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<String, usize>>>,
}

impl Server {
    /// A server for what `shared` shows, to those whom `access` names.
    pub fn new(shared: Shared, access: Vec<Access>) -> Self {
        Self {
            router: super::router(shared),
            guard: Arc::new(Guard::new(access)),
            local: Arc::new(Semaphore::new(CONNECTIONS)),
            remote: Arc::new(Semaphore::new(CONNECTIONS)),
            nobodies: Arc::new(Semaphore::new(CONNECTIONS_OF_NOBODIES)),
            of_one: Arc::default(),
        }
    }

    /// Serve on the unix socket.
    pub async fn serve_socket(self, listener: UnixListener) {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            };
            let credentials = match kernel::credentials(&stream) {
                Ok(credentials) => credentials,
                Err(error) => {
                    warn!("a caller's user is not known: {error}");
                    continue;
                }
            };
            let caller = self.guard.local(&credentials);
            let slot = if self.guard.is_trusted(&credentials) {
                None
            } else {
                let pool = if caller.is_nobody() {
                    &self.nobodies
                } else {
                    &self.local
                };
                match self.slot(pool, &caller.name) {
                    Some(slot) => Some(slot),
                    None => continue,
                }
            };
            let server = self.clone();
            tokio::spawn(async move {
                let _slot = slot;
                server.serve(stream, Some(caller)).await;
            });
        }
    }

    /// Serve on TCP, where callers are known by what each request bears.
    pub async fn serve_tcp(self, listener: TcpListener) {
        loop {
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            };
            let Some(slot) = self.slot(&self.remote, &address.ip().to_string()) else {
                continue;
            };
            let server = self.clone();
            tokio::spawn(async move {
                let _slot = slot;
                server.serve(stream, None).await;
            });
        }
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send, caller: Option<Caller>) {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(STALLED));
        let service = service_fn(|request| self.answer(request, caller.clone()));
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
            .await;
        if let Err(error) = served {
            debug!("a connection ended: {error}");
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        caller: Option<Caller>,
    ) -> Result<Response<Body>, Infallible> {
        let mut request = request.map(Body::new);
        with_one_slash(request.uri_mut());
        let request = match caller {
            Some(caller) => {
                request.extensions_mut().insert(caller);
                request
            }
            None => match authenticate(&self.guard, request, SystemTime::now()).await {
                Ok(request) => request,
                Err(refusal) => return Ok(refusal),
            },
        };
        self.router.clone().oneshot(request).await
    }

    /// A place among the open connections, if `whose` may have one more.
    fn slot(&self, pool: &Arc<Semaphore>, whose: &str) -> Option<Slot> {
        let permit = pool.clone().try_acquire_owned().ok()?;
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_one.entry(whose.to_owned()).or_default();
        if *count >= CONNECTIONS_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Slot {
            of_one: self.of_one.clone(),
            whose: whose.to_owned(),
            _permit: permit,
        })
    }
}

/// A place among the open connections, given back when dropped.
struct Slot {
    of_one: Arc<Mutex<HashMap<String, usize>>>,
    whose: String,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_one.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                of_one.remove(&self.whose);
            }
        }
    }
}

/// Out of descriptors, most likely: accept(2) would fail again at once.
async fn wait_after(error: &std::io::Error) {
    warn!("no connection can be taken: {error}");
    sleep(Duration::from_millis(100)).await;
}
