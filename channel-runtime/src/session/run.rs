//! Runs one call of user code while the connection's driver goes on reading and writing.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::session::driver::Driver;
use crate::session::guard::{GuardedCall, Interrupted};

/// If the server is draining, the connection is closed meanwhile, but not before an answer that the call owes.
pub(crate) fn run<'a, T>(
    driver: &'a mut Driver,
    mut call: GuardedCall<'a, T>,
) -> impl Future<Output = Result<T, Interrupted>> + Send + Unpin + use<'a, T> {
    poll_fn(move |cx| {
        if call.has_waited() {
            driver.cork();
        }
        if let Poll::Ready(outcome) = call.poll(cx) {
            return Poll::Ready(outcome);
        }
        driver.poll_io(cx);
        if call.needs_client() && driver.has_lost_client() {
            return Poll::Ready(call.abandon());
        }
        driver.close_if_draining(|| call.owes_answer(), cx);
        call.poll_limits(cx, driver.shutdown(), driver.config().shutdown_timeout)
    })
}
