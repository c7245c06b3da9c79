//! The thread that writes: SQLite blocks, and the list should not wait for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::archive::{
    Archive, Attempt, ChildrenAnswer, Error, Identity, Outcome, Scope, SyncRecord, SyncRecorder,
};
use crate::clock::Clock;
use crate::handshake::Page;

/// Pages that may wait.
const QUEUE: usize = 64;

/// The most pages that one transaction records: what was fetched and is not committed is lost when the process is
/// killed.
const A_TRANSACTION: usize = 256;

/// Bytes of pages that may wait. It bounds the memory of a sync whose disk is slow: what was read of a page
/// takes twice as much again.
const QUEUE_BYTES: usize = 704 * 1024;

/// The thread, and the way to it. Messages are done in their order.
#[derive(Debug)]
pub struct Writer {
    messages: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    begun: oneshot::Receiver<()>,
    thread: JoinHandle<Result<SyncRecord, Error>>,
}

/// The thread has ended early; [`Writer::finish`] tells why.
#[derive(Debug)]
pub struct Stopped;

#[derive(Debug)]
enum Message {
    Identify(Identity),
    Page(Scope, Page, DateTime<Utc>, OwnedSemaphorePermit),
    Unreadable(Vec<u8>, String),
    Parents(oneshot::Sender<BTreeSet<String>>),
    ChildrenAnswered(String, ChildrenAnswer),
    Finish(Outcome),
}

impl Writer {
    /// Starts the thread, which opens the archive and begins the sync in it.
    pub fn start(
        open: impl FnOnce() -> Result<Archive, Error> + Send + 'static,
        attempt: Attempt,
        clock: Clock,
    ) -> Self {
        let (messages, inbox) = mpsc::channel(QUEUE);
        let (tell_begun, begun) = oneshot::channel();
        let thread = thread::spawn(move || {
            let mut archive = open()?;
            let recorder = archive.begin(&attempt)?;
            // Nobody waits for it if the sync was stopped meanwhile.
            let _ = tell_begun.send(());
            write(recorder, inbox, &clock)
        });
        Self { messages, room: Arc::new(Semaphore::new(QUEUE_BYTES)), begun, thread }
    }

    /// Waits until the sync is in the archive: AWS is asked for nothing that could not be recorded.
    pub async fn begun(&mut self) -> Result<(), Stopped> {
        (&mut self.begun).await.map_err(|_| Stopped)
    }

    /// Whether pages are recorded more slowly than they come.
    pub fn is_behind(&self) -> bool {
        self.messages.capacity() < QUEUE / 2 || self.room.available_permits() < QUEUE_BYTES / 2
    }

    /// Tells who asks and where.
    pub async fn identify(&self, identity: Identity) -> Result<(), Stopped> {
        self.send(Message::Identify(identity)).await
    }

    /// Hands a page over, waiting while the queue is full.
    pub async fn page(
        &self,
        scope: Scope,
        page: Page,
        asked: DateTime<Utc>,
    ) -> Result<(), Stopped> {
        // A page that is larger than the room has it to itself.
        let size = u32::try_from(page.size().min(QUEUE_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(|_| Stopped)?;
        self.send(Message::Page(scope, page, asked, room)).await
    }

    /// Hands over an answer that could not be read.
    pub async fn unreadable(&self, body: Vec<u8>, reason: String) -> Result<(), Stopped> {
        self.send(Message::Unreadable(body, reason)).await
    }

    /// The handshakes to ask children of, once all pages before have been recorded.
    pub async fn parents(&self) -> Result<BTreeSet<String>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Parents(reply)).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Tells what AWS said to the question for the children of a handshake.
    pub async fn children_answered(
        &self,
        parent: String,
        answer: ChildrenAnswer,
    ) -> Result<(), Stopped> {
        self.send(Message::ChildrenAnswered(parent, answer)).await
    }

    /// Closes the sync and waits for the end of the thread.
    ///
    /// # Errors
    /// The error of the archive, if there was one.
    pub async fn finish(self, outcome: Outcome) -> Result<SyncRecord, Error> {
        // If the thread has ended already, its result says why.
        let _ = self.send(Message::Finish(outcome)).await;
        self.join().await
    }

    async fn send(&self, message: Message) -> Result<(), Stopped> {
        self.messages.send(message).await.map_err(|_| Stopped)
    }

    async fn join(self) -> Result<SyncRecord, Error> {
        drop(self.messages);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        match joined {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(join) => std::panic::resume_unwind(join.into_panic()),
        }
    }
}

fn write(
    mut recorder: SyncRecorder<'_>,
    mut inbox: mpsc::Receiver<Message>,
    clock: &Clock,
) -> Result<SyncRecord, Error> {
    let mut next = inbox.blocking_recv();
    loop {
        next = match next {
            Some(Message::Page(scope, page, asked, room)) => {
                let mut waiting = Waiting::after((scope, page), room, &mut inbox);
                recorder.record(&mut waiting, asked)?;
                waiting.other.or_else(|| inbox.blocking_recv())
            }
            Some(Message::Identify(identity)) => {
                recorder.identify(identity);
                inbox.blocking_recv()
            }
            Some(Message::Unreadable(body, reason)) => {
                recorder.quarantine_answer(&body, &reason)?;
                inbox.blocking_recv()
            }
            Some(Message::Parents(reply)) => {
                // Nobody waits for the answer any more if the sync was stopped meanwhile.
                let _ = reply.send(recorder.parents()?);
                inbox.blocking_recv()
            }
            Some(Message::ChildrenAnswered(parent, answer)) => {
                recorder.children_answered(parent, answer);
                inbox.blocking_recv()
            }
            Some(Message::Finish(outcome)) => return recorder.finish(&outcome, clock()),
            None => {
                let message = "the sync was dropped before it ended".to_owned();
                return recorder.finish(&Outcome::Interrupted { message }, clock());
            }
        };
    }
}

/// A page, and those that have arrived by the time that it is recorded: they go into the same transaction. It
/// never waits for one, since nobody else can write meanwhile.
struct Waiting<'i> {
    first: Option<(Scope, Page)>,
    /// The room of the page that is being recorded. When the next is asked for, that one is gone.
    room: Option<OwnedSemaphorePermit>,
    inbox: &'i mut mpsc::Receiver<Message>,
    pages: usize,
    /// The message after the last page, if there was one.
    other: Option<Message>,
}

impl<'i> Waiting<'i> {
    fn after(
        first: (Scope, Page),
        room: OwnedSemaphorePermit,
        inbox: &'i mut mpsc::Receiver<Message>,
    ) -> Self {
        Self { first: Some(first), room: Some(room), inbox, pages: 1, other: None }
    }
}

impl Iterator for Waiting<'_> {
    type Item = (Scope, Page);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        self.room = None;
        if self.pages == A_TRANSACTION || self.other.is_some() {
            return None;
        }
        match self.inbox.try_recv() {
            Ok(Message::Page(scope, page, _, room)) => {
                self.room = Some(room);
                self.pages += 1;
                Some((scope, page))
            }
            Ok(other) => {
                self.other = Some(other);
                None
            }
            Err(_) => None,
        }
    }
}
