//! A TCP connection, with TLS or without, that can be told to end in a reset.

use std::io;
use std::net::{self, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The longest that a client may take for its side of the TLS handshake; the next one waits meanwhile.
const TLS_HANDSHAKE: Duration = Duration::from_secs(5);

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A listening socket whose port [`keep_port`] can keep when it is closed.
pub(crate) fn listen(runtime: &Runtime) -> io::Result<net::TcpListener> {
    let _entered = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)?.into_std()
}

/// A socket at the same port that does not listen.
pub(crate) fn keep_port(listener: &net::TcpListener) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(listener.local_addr()?)?;
    Ok(socket)
}

/// A handler's hold on the connection that its request came by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    resets: Arc<AtomicBool>,
}

impl Connection {
    /// Not a byte more goes out, and the connection closes with RST instead of FIN.
    pub(crate) fn reset(&self) {
        self.resets.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.resets.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Connection {
    fn connect_info(incoming: IncomingStream<'_, Loopback>) -> Connection {
        incoming.io().connection.clone()
    }
}

pub(crate) struct Loopback {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Listener for Loopback {
    type Io = Stream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Stream, Self::Addr) {
        loop {
            let (tcp, address) = Listener::accept(&mut self.listener).await;
            // Without this a page may wait 40 ms for a delayed acknowledgment. It is a matter of speed only.
            let _ = tcp.set_nodelay(true);
            let transport = match &self.tls {
                None => Transport::Plain(tcp),
                Some(tls) => match timeout(TLS_HANDSHAKE, tls.accept(tcp)).await {
                    Ok(Ok(stream)) => Transport::Tls(Box::new(stream)),
                    // The client does not trust the certificate, or speaks no TLS: it is gone.
                    Ok(Err(_)) | Err(_) => continue,
                },
            };
            return (Stream { transport, connection: Connection::default() }, address);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Transport::Plain(tcp) => tcp,
            Transport::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Does the same with either transport.
macro_rules! through {
    ($transport:expr, $stream:ident => $what:expr) => {
        match $transport {
            Transport::Plain($stream) => $what,
            Transport::Tls($stream) => $what,
        }
    };
}

pub(crate) struct Stream {
    transport: Transport,
    connection: Connection,
}

impl Drop for Stream {
    /// The socket closes right after this. With a linger time of zero the kernel sends RST and drops what is unsent.
    fn drop(&mut self) {
        if self.connection.check().is_err() {
            let _ = self.transport.tcp().set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.connection.check()?;
        through!(&mut self.transport, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.check()?;
        through!(&mut self.transport, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        through!(&mut self.transport, stream => Pin::new(stream).poll_flush(context))
    }

    /// A FIN before the RST would read as an orderly end.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.check()?;
        through!(&mut self.transport, stream => Pin::new(stream).poll_shutdown(context))
    }
}
