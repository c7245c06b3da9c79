//! The server: one thread with its own runtime, and the path of a request through it.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Connection, Loopback};
use crate::delivery::deliver;
use crate::fault::{Fault, Faults, When};
use crate::listing::{ListInput, Listings};
use crate::opaque;
use crate::organization::Organization;
use crate::protocol::{Answer, ApiError, Call, Operation, Request};
use crate::tls::Certificate;

/// A running server on a loopback port of its own. Dropping it stops it at once, whatever it is doing.
///
/// It runs on a thread with its own runtime, so it serves synchronous and asynchronous callers alike.
pub struct Simulator {
    scheme: &'static str,
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    organization: Mutex<Organization>,
    listings: Mutex<Listings>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<Request>>,
    received: Mutex<u64>,
    latency: Mutex<Duration>,
    ending: Notify,
    end: Mutex<Option<End>>,
}

/// Why every connection is closed at once.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The simulator is dropped.
    Stopped,
    /// [`Fault::GoAway`].
    Gone,
    /// [`Fault::OtherCertificate`].
    OtherCertificate,
}

/// A closure given to [`Simulator::with`] may panic on purpose; what it left behind is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// Serves `organization` on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If it cannot bind, or cannot start its thread.
    pub fn start(organization: Organization) -> Simulator {
        Simulator::serve(organization, None)
    }

    /// Serves it over TLS, with the certificate [`crate::CERTIFICATE`]; otherwise as [`Simulator::start`].
    pub fn start_tls(organization: Organization) -> Simulator {
        Simulator::serve(organization, Some(Certificate::First))
    }

    fn serve(organization: Organization, certificate: Option<Certificate>) -> Simulator {
        let runtime = runtime();
        let listener = connection::listen(&runtime)
            .unwrap_or_else(|error| panic!("the simulator cannot listen on 127.0.0.1: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("the simulator does not know its port: {error}"));
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            organization: Mutex::new(organization),
            listings: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            received: Mutex::default(),
            latency: Mutex::default(),
            ending: Notify::new(),
            end: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("organizations-simulator".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(runtime, listener, &shared, stopped, certificate)
            })
            .unwrap_or_else(|error| panic!("the simulator cannot start its thread: {error}"));
        Simulator { scheme, address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// The endpoint, as `http://127.0.0.1:PORT` or with TLS `https://127.0.0.1:PORT`, for Organizations and STS alike.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Looks at the organization or changes it, between two requests. Listings under way do not see the change.
    pub fn with<R>(&self, f: impl FnOnce(&mut Organization) -> R) -> R {
        f(&mut lock(&self.shared.organization))
    }

    /// What the organization's clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.with(|organization| organization.now())
    }

    /// Queues a fault. Of several, the first that matches, is not used up and lets nothing through any more strikes.
    pub fn inject(&self, when: When, fault: Fault) {
        lock(&self.shared.faults).inject(when, fault);
    }

    /// Forgets every queued fault. A listing under EmptyPageForever, RepeatToken or CycleTokens stays under it.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// How many requests a fault has struck so far, whether or not it is still queued.
    pub fn struck(&self) -> usize {
        lock(&self.shared.faults).struck()
    }

    /// Everything received so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// Empties the log of requests.
    pub fn clear_requests(&self) {
        lock(&self.shared.requests).clear();
    }

    /// Waits this long before each answer; zero by default.
    pub fn set_latency(&self, latency: Duration) {
        *lock(&self.shared.latency) = latency;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only if the thread is gone already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if ended.is_err() && !std::thread::panicking() {
                panic!("the simulator's thread panicked");
            }
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("the simulator cannot start its runtime: {error}"))
}

/// Serves until `stopped`. A runtime is dropped with whatever is still going on, silent answers included, and with it
/// every connection closes; the listening socket outlives it.
fn run(
    mut runtime: Runtime,
    listener: TcpListener,
    shared: &Arc<Shared>,
    mut stopped: oneshot::Receiver<()>,
    mut certificate: Option<Certificate>,
) {
    let cannot = |error| -> ! { panic!("the simulator cannot listen: {error}") };
    loop {
        let tls = certificate.map(Certificate::acceptor);
        let socket = listener.try_clone().unwrap_or_else(|error| cannot(error));
        match runtime.block_on(accept(socket, Arc::clone(shared), tls, &mut stopped)) {
            End::Stopped => return,
            End::OtherCertificate => {
                certificate = certificate.map(|_| Certificate::Other);
                runtime = self::runtime();
            }
            End::Gone => {
                // The port refuses before a connection closes, and nobody else gets it.
                let _keeping =
                    connection::keep_port(&listener).unwrap_or_else(|error| cannot(error));
                drop(listener);
                drop(runtime);
                // It fails only if the simulator is gone already.
                let _ = stopped.blocking_recv();
                return;
            }
        }
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    stopped: &mut oneshot::Receiver<()>,
) -> End {
    let listener = tokio::net::TcpListener::from_std(listener)
        .unwrap_or_else(|error| panic!("the simulator cannot listen: {error}"));
    let service = Router::new()
        .fallback(receive)
        .with_state(Arc::clone(&shared))
        .into_make_service_with_connect_info::<Connection>();
    let serving = async { axum::serve(Loopback { listener, tls }, service).await };
    tokio::select! {
        served = serving => match served {
            Ok(()) => End::Stopped,
            Err(error) => panic!("the simulator stopped: {error}"),
        },
        _ = stopped => End::Stopped,
        () = shared.ending.notified() => lock(&shared.end).take().unwrap_or(End::Stopped),
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&method, uri.path(), &headers, &body);
    let request_id = shared.next_request_id();
    lock(&shared.requests).push(call.request.clone());
    let fault = lock(&shared.faults).strike(&call.request);

    let latency = *lock(&shared.latency);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let answer = match &fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::GoAway) => shared.end(End::Gone).await,
        Some(Fault::OtherCertificate) => shared.end(End::OtherCertificate).await,
        Some(Fault::ResetBeforeAnswer) => {
            // The server fails to write this answer and so drops the connection.
            connection.reset();
            Answer::json(String::new())
        }
        Some(Fault::Error { status, code, message, reason }) => {
            let error =
                ApiError { reason: reason.clone(), ..ApiError::new(*status, code, message) };
            error.answer(call.wire, &request_id)
        }
        Some(Fault::Answer { status, content_type, body }) => Answer {
            status: *status,
            content_type: content_type.clone(),
            error_type: None,
            body: body.clone(),
        },
        _ => shared
            .answer(&call, fault.as_ref(), &request_id)
            .unwrap_or_else(|error| error.answer(call.wire, &request_id)),
    };
    deliver(answer, &request_id, fault.as_ref(), connection)
}

impl Shared {
    /// Closes every connection, this one too: the answer never comes.
    async fn end(&self, end: End) -> Answer {
        *lock(&self.end) = Some(end);
        self.ending.notify_one();
        std::future::pending().await
    }

    fn answer(
        &self,
        call: &Call,
        fault: Option<&Fault>,
        request_id: &str,
    ) -> Result<Answer, ApiError> {
        if let Some(refusal) = &call.refusal {
            return Err(refusal.clone());
        }
        let organization = lock(&self.organization);
        match call.request.operation {
            Operation::ListHandshakesForOrganization => {
                let input = ListInput::read(&call.request.input)?;
                let twist = fault.and_then(Fault::twist);
                let page = lock(&self.listings).page(&organization, &input, twist)?;
                Ok(Answer::json(page))
            }
            Operation::DescribeOrganization => Ok(Answer::json(organization.describe())),
            Operation::GetCallerIdentity => {
                let account = organization.management_account();
                Ok(Answer::caller_identity(account, request_id))
            }
            Operation::Other => Err(ApiError::unknown_operation()),
        }
    }

    /// In the form of a UUID, different for every request.
    fn next_request_id(&self) -> String {
        let mut received = lock(&self.received);
        *received += 1;
        let (high, low) = (opaque::mix(*received), opaque::mix(!*received));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff,
        )
    }
}
