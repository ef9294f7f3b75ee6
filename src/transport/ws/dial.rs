//! Opening a TCP connection to a host that may have several addresses.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Time after which the next address is tried beside one that has not answered (RFC 8305, 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the address of the host that answers first.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    let stream = first_to_answer(addresses, TcpStream::connect).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Tries the addresses in order. The next attempt begins as soon as all before it have failed, and otherwise after [`STAGGER`].
async fn first_to_answer<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut addresses = addresses.into_iter();
    let mut attempts = Vec::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let mut next = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        loop {
            let due = attempts.is_empty() || next.as_mut().poll(cx).is_ready();
            let begun = due
                && addresses.next().is_some_and(|address| {
                    attempts.push(Box::pin(connect(address)));
                    next.as_mut().reset(Instant::now() + STAGGER);
                    true
                });
            match poll_all(&mut attempts, cx, &mut failure) {
                Some(stream) => return Poll::Ready(Ok(stream)),
                None if begun || (attempts.is_empty() && addresses.len() > 0) => {}
                None if attempts.is_empty() => {
                    let none = io::Error::from(io::ErrorKind::NotFound);
                    return Poll::Ready(Err(std::mem::replace(&mut failure, none)));
                }
                None => return Poll::Pending,
            }
        }
    })
    .await
}

/// Polls the attempts, and removes those that have failed. Returns the first success.
fn poll_all<T, F>(attempts: &mut Vec<Pin<Box<F>>>, cx: &mut Context<'_>, failure: &mut io::Error) -> Option<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut success = None;
    attempts.retain_mut(|attempt| match attempt.as_mut().poll(cx) {
        _ if success.is_some() => true,
        Poll::Pending => true,
        Poll::Ready(Ok(stream)) => {
            success = Some(stream);
            false
        }
        Poll::Ready(Err(error)) => {
            *failure = error;
            false
        }
    });
    success
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use super::*;

    /// Dials four addresses, each of which answers with its number or an error after this many milliseconds. Returns the
    /// outcome, the time it took, and the time at which each attempt began.
    async fn dial(answers: &[(u64, bool)]) -> (Result<usize, String>, u64, Vec<u64>) {
        let start = Instant::now();
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let begun = Mutex::new(Vec::new());
        let addresses =
            (0..answers.len()).map(|at| SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(at).unwrap())));
        let outcome = first_to_answer(addresses.collect(), |address| {
            begun.lock().unwrap().push(elapsed());
            let at = usize::from(address.port());
            let (time, succeeds) = answers[at];
            async move {
                tokio::time::sleep(Duration::from_millis(time)).await;
                if succeeds { Ok(at) } else { Err(io::Error::other(format!("{at} refuses"))) }
            }
        });
        let outcome = outcome.await.map_err(|error| error.to_string());
        (outcome, elapsed(), begun.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_fails_or_is_silent_does_not_hold_up_the_others() {
        let silent = (1_000_000, true);
        assert_eq!(dial(&[(10, true), (0, true)]).await, (Ok(0), 10, vec![0]));
        assert_eq!(dial(&[(10, false), (20, true), (0, true)]).await, (Ok(1), 30, vec![0, 10]));
        assert_eq!(dial(&[silent, (20, true), (0, true)]).await, (Ok(1), 270, vec![0, 250]));
        assert_eq!(dial(&[(400, true), (1000, true), (0, false)]).await, (Ok(0), 400, vec![0, 250]));
        assert_eq!(dial(&[silent, (10, false), silent, (5, true)]).await, (Ok(3), 755, vec![0, 250, 500, 750]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_told() {
        assert_eq!(dial(&[(10, false), (20, false)]).await, (Err("1 refuses".into()), 30, vec![0, 10]));
        assert_eq!(dial(&[]).await, (Err("the host has no address".into()), 0, vec![]));
    }
}
