//! The server: one thread with its own runtime, and the path of a request through it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::connection::{Connection, Loopback};
use crate::delivery::deliver;
use crate::fault::{Fault, Faults, When};
use crate::listing::{ListInput, Listings};
use crate::opaque;
use crate::organization::Organization;
use crate::protocol::{Answer, ApiError, Call, Operation, Request};

/// A running server on a loopback port of its own. Dropping it stops it at once, whatever it is doing.
///
/// It runs on a thread with its own runtime, so it serves synchronous and asynchronous callers alike.
pub struct Simulator {
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .unwrap_or_else(|error| panic!("the simulator cannot bind to 127.0.0.1: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("the simulator does not know its port: {error}"));
        let shared = Arc::new(Shared {
            organization: Mutex::new(organization),
            listings: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            received: Mutex::default(),
            latency: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("organizations-simulator".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(listener, shared, stopped)
            })
            .unwrap_or_else(|error| panic!("the simulator cannot start its thread: {error}"));
        Simulator { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// The endpoint, as `http://127.0.0.1:PORT`, for Organizations and STS alike.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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

/// Serves until `stopped`. The runtime is dropped with whatever is still going on, silent answers included.
fn run(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("the simulator cannot start its runtime: {error}"));
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)
            .unwrap_or_else(|error| panic!("the simulator cannot listen: {error}"));
        let service = Router::new()
            .fallback(receive)
            .with_state(shared)
            .into_make_service_with_connect_info::<Connection>();
        let serving = async { axum::serve(Loopback(listener), service).await };
        tokio::select! {
            served = serving => served.unwrap_or_else(|error| panic!("the simulator stopped: {error}")),
            _ = stopped => {}
        }
    });
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
