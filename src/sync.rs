//! The use case: pages in, archive out, progress told to whoever listens.
//!
//! The list is read on this task and written on a thread of its own (`writer`), so that one page
//! is recorded while the next is on its way. Nothing here prints, exits or reads the environment.

mod writer;

use std::future::Future;
use std::time::Duration;

use crate::archive::{
    self, Archive, Attempt, ChildrenAnswer, Identity, Outcome, Scope, SyncRecord,
};
use crate::clock::Clock;
use crate::handshake::Filter;
use crate::organizations::{Client, Error, ErrorKind, LIST_HANDSHAKES_FOR_ORGANIZATION, Settings};
use writer::{Stopped, Writer};

/// What to sync, and how.
#[derive(Clone)]
pub struct Plan {
    /// What the list is restricted to.
    pub filter: Filter,
    /// Handshakes a page, 1 to 20.
    pub page_size: u8,
    /// The longest that the whole run may take.
    pub deadline: Duration,
    /// Where the time comes from.
    pub clock: Clock,
}

/// What a listener is told while a sync runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another page has arrived.
    Page {
        /// Pages so far.
        pages: u64,
        /// Elements in them.
        elements: u64,
    },
    /// Something that does not stop the sync and that people should know.
    Warning(String),
}

/// How a sync ended, and what the archive wrote down of it.
#[derive(Debug)]
pub struct Report {
    /// The row of the sync.
    pub record: SyncRecord,
    /// How it ended.
    pub end: End,
}

/// How a sync ended.
#[derive(Debug)]
pub enum End {
    /// Every list was read up to its end.
    Complete,
    /// A call failed.
    Failed(Error),
    /// The deadline passed before the list ended.
    DeadlineExceeded(Duration),
    /// It was asked to stop.
    Stopped,
}

/// Why the list was not read up to its end.
enum Break {
    Call(Error),
    /// The writer is gone: its own error tells why.
    Writer,
}

impl From<Error> for Break {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<Stopped> for Break {
    fn from(_: Stopped) -> Self {
        Self::Writer
    }
}

/// Takes a snapshot of every handshake that AWS shows.
///
/// `open` is called on the thread that writes, while the client is set up. From then on the attempt is written
/// down whatever comes of it: a list that breaks off keeps the pages before, and nothing counts as gone. `stop`
/// ends the sync when it is ready, `listen` is told of progress.
///
/// # Errors
/// Those of the archive. What AWS or the network had against it is no error here but an [`End`].
pub async fn run(
    settings: &Settings,
    open: impl FnOnce() -> Result<Archive, archive::Error> + Send + 'static,
    plan: &Plan,
    stop: impl Future<Output = ()>,
    listen: &mut dyn FnMut(Event),
) -> Result<Report, archive::Error> {
    let attempt = Attempt {
        operation: LIST_HANDSHAKES_FOR_ORGANIZATION,
        filter: plan.filter.clone(),
        started_at: (plan.clock)(),
    };
    let mut writer = Writer::start(open, attempt, plan.clock.clone());
    let read = async {
        let client = Client::connect(settings).await;
        writer.begun().await?;
        let client = client?;
        let mut reading =
            Reading { client: &client, plan, writer: &writer, listen, pages: 0, elements: 0 };
        reading.all().await
    };
    let end = tokio::select! {
        // A signal is looked at first: it may be what broke the call.
        biased;
        () = stop => End::Stopped,
        result = tokio::time::timeout(plan.deadline, read) => match result {
            Ok(Ok(())) => End::Complete,
            Ok(Err(Break::Call(error))) => End::Failed(error),
            // The archive's own error comes out of finish().
            Ok(Err(Break::Writer)) => End::Stopped,
            Err(_) => End::DeadlineExceeded(plan.deadline),
        },
    };
    if let End::Failed(Error { kind: ErrorKind::Unreadable { body, reason, .. }, .. }) = &end
        && !body.is_empty()
    {
        // What cannot be understood is kept; whether the writer still can, finish() says.
        let _ = writer.unreadable(body.clone(), reason.clone()).await;
    }
    let record = writer.finish(outcome(&end)).await?;
    Ok(Report { record, end })
}

fn outcome(end: &End) -> Outcome {
    match end {
        End::Complete => Outcome::Complete,
        End::Failed(error) => {
            Outcome::Failed { code: error.kind.code().to_owned(), message: error.to_string() }
        }
        End::DeadlineExceeded(deadline) => Outcome::Failed {
            code: "DeadlineExceeded".to_owned(),
            message: format!("the list had not ended when the deadline of {deadline:?} passed"),
        },
        End::Stopped => {
            Outcome::Interrupted { message: "the process was told to stop by a signal".to_owned() }
        }
    }
}

/// A sync's way through the lists.
struct Reading<'a> {
    client: &'a Client,
    plan: &'a Plan,
    writer: &'a Writer,
    listen: &'a mut dyn FnMut(Event),
    pages: u64,
    elements: u64,
}

impl Reading<'_> {
    async fn all(&mut self) -> Result<(), Break> {
        for warning in self.client.warnings() {
            (self.listen)(Event::Warning(warning.clone()));
        }
        let identity = self.identity().await?;
        self.writer.identify(identity).await?;
        let scope = match &self.plan.filter {
            Filter::None | Filter::ActionType(_) => Scope::Unrestricted,
            Filter::ParentHandshakeId(parent) => Scope::ChildrenOf(parent.clone()),
        };
        self.list(self.plan.filter.clone(), &scope).await?;
        if self.plan.filter == Filter::None {
            for parent in self.writer.parents().await? {
                self.children_of(parent).await?;
            }
        }
        Ok(())
    }

    /// Asks who is asking and for which organization. Both are welcome and neither is needed; only
    /// what would make the list fail too ends the sync here.
    async fn identity(&mut self) -> Result<Identity, Break> {
        let (organization_id, caller_arn) =
            tokio::join!(self.client.organization_id(), self.client.caller_arn());
        let organization_id = match organization_id {
            Ok(id) => id,
            Err(error) if ends_the_sync(&error.kind) => return Err(error.into()),
            Err(error) => {
                let text = format!("{error}; the organization is taken from the handshakes' ARNs");
                (self.listen)(Event::Warning(text));
                None
            }
        };
        let caller_arn = caller_arn.unwrap_or_else(|error| {
            (self.listen)(Event::Warning(format!("{error}; the sync does not record who asked")));
            None
        });
        Ok(Identity { organization_id, caller_arn, endpoint: self.client.endpoint() })
    }

    async fn list(&mut self, filter: Filter, scope: &Scope) -> Result<(), Break> {
        let observed_at = (self.plan.clock)();
        let mut listing = self.client.list(filter, self.plan.page_size);
        while let Some(mut page) = listing.next().await? {
            if self.writer.is_behind() {
                // There would be nothing to do but to wait for it.
                page = page.read_ahead();
            }
            self.pages += 1;
            self.elements += page.elements().len() as u64;
            self.writer.page(scope.clone(), page, observed_at).await?;
            (self.listen)(Event::Page { pages: self.pages, elements: self.elements });
        }
        Ok(())
    }

    async fn children_of(&mut self, parent: String) -> Result<(), Break> {
        let scope = Scope::ChildrenOf(parent.clone());
        let pages_before = self.pages;
        let answer = match self.list(Filter::ParentHandshakeId(parent.clone()), &scope).await {
            Ok(()) => ChildrenAnswer::Listed,
            // Refused at once, it is the parent that AWS refuses; later, it is something else.
            Err(Break::Call(Error { kind: ErrorKind::InvalidInput { .. }, .. }))
                if self.pages == pages_before =>
            {
                tracing::debug!(parent, "AWS takes this handshake for no parent");
                ChildrenAnswer::Refused
            }
            Err(other) => return Err(other),
        };
        self.writer.children_answered(parent, answer).await?;
        Ok(())
    }
}

/// Whether what DescribeOrganization met would meet the list as well.
fn ends_the_sync(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NoCredentials(_)
            | ErrorKind::CredentialsNotLoaded(_)
            | ErrorKind::CredentialsRefused { .. }
            | ErrorKind::NotInOrganization(_)
            | ErrorKind::TimedOut(_)
            | ErrorKind::Unreachable(_)
            | ErrorKind::Configuration(_)
    )
}
