//! The inbox: the notices that wait for a connection's handler, and take turns with its messages; those that are put in later; and what
//! else few connections have: the questions to their clients, and the secrets of guests.

use std::any::{Any, TypeId};
use std::collections::VecDeque;
use std::fmt;
use std::sync::OnceLock;
use std::task::Context;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::connection::contained::Contained;
use crate::connection::in_flight::{Activity, Work, WorkGuard};
use crate::connection::timers::{Started, Timer, Timers};

pub(crate) const MOST_WAITING: usize = 256;

/// A notice on its way to its handler, its type forgotten.
pub struct Notice {
    handler: &'static str,
    content: Contained<Box<dyn Any + Send>>,
    in_flight: WorkGuard,
}

impl Notice {
    pub(crate) fn handler(&self) -> &'static str {
        self.handler
    }

    /// The session counts as in flight from now on, instead of the notice.
    pub(crate) fn arrive(&mut self) {
        self.in_flight.end();
    }

    /// The content, if it is an `N`.
    ///
    /// # Errors
    /// The notice itself, if its content is something else.
    pub fn into<N: 'static>(self) -> Result<N, Self> {
        let Self { handler, content, in_flight } = self;
        match content.into_inner().downcast() {
            Ok(content) => Ok(*content),
            Err(content) => Err(Self { handler, content: Contained::new(content), in_flight }),
        }
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notice").field(&self.handler).finish()
    }
}

#[derive(Default)]
pub(crate) struct Inbox(OnceLock<Box<Made>>);

#[derive(Default)]
struct Made {
    waiting: Mutex<Waiting>,
    /// Of a type of the folders above. Made by the first question.
    questions: OnceLock<Box<dyn Any + Send + Sync>>,
    /// Made by the first of them.
    timers: OnceLock<Box<Timers>>,
    /// By which its client is known, which has no identity.
    secret: OnceLock<Box<str>>,
}

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Queued>,
    /// It was full, which was logged, and has not been empty since.
    was_full: bool,
}

struct Queued {
    notice: Notice,
    /// Its type, if a timer has put it in.
    timer: Option<TypeId>,
}

/// A notice that was not taken is given back: the caller may hold a lock, and the notice's destructor is the user's code.
pub(crate) enum Put<N> {
    Taken,
    Refused(Contained<N>),
    /// As many wait as may, which has not been logged yet.
    Full(Contained<N>),
}

impl Inbox {
    /// Checks under the lock that the connection is not closing, because it is closed before its inbox is cleared.
    pub fn put<N: Send + 'static>(
        &self,
        notice: N,
        (channel, handler): (&'static str, &'static str),
        activity: &Activity,
        is_closing: impl FnOnce() -> bool,
    ) -> Put<N> {
        let mut waiting = self.0.get_or_init(Box::default).waiting.lock();
        if is_closing() {
            return Put::Refused(Contained::new(notice));
        }
        if waiting.notices.len() >= MOST_WAITING {
            let is_known = std::mem::replace(&mut waiting.was_full, true);
            let notice = Contained::new(notice);
            return if is_known { Put::Refused(notice) } else { Put::Full(notice) };
        }
        let in_flight = activity.begin(Work::Notice { channel, handler });
        let notice = Notice { handler, content: Contained::new(Box::new(notice)), in_flight };
        waiting.notices.push_back(Queued { notice, timer: None });
        Put::Taken
    }

    /// It is put in at this time, also if 256 wait; in place of another one of its type that waits for its time. While one that was put in
    /// so waits in the inbox, the next of its type is not due. Dropped if the connection is closing. Returns whether the connection's task
    /// has to be woken.
    pub fn put_at<N: Send + 'static>(
        &self,
        due: Instant,
        notice: N,
        names: (&'static str, &'static str),
        is_closing: impl FnOnce() -> bool,
    ) -> bool {
        let timers = self.0.get_or_init(Box::default).timers.get_or_init(Box::default);
        let content: Box<dyn Any + Send> = Box::new(notice);
        let timer = Timer { due, kind: TypeId::of::<N>(), names, content: Contained::new(content) };
        let Started { must_wake, dropped } = timers.start(timer, is_closing);
        drop(dropped);
        must_wake
    }

    /// Puts in what is due. Called by the connection's task, which is woken for the next.
    #[inline]
    pub fn poll_timers(&self, cx: &mut Context<'_>, activity: &Activity) {
        let Some(made) = self.0.get() else { return };
        let Some(timers) = made.timers.get() else { return };
        let waits = |kind| made.waiting.lock().notices.iter().any(|queued| queued.timer == Some(kind));
        for Timer { kind, names: (channel, handler), content, .. } in timers.poll(cx, waits) {
            let in_flight = activity.begin(Work::Notice { channel, handler });
            let notice = Notice { handler, content, in_flight };
            made.waiting.lock().notices.push_back(Queued { notice, timer: Some(kind) });
        }
    }

    pub fn has_notice(&self) -> bool {
        self.0.get().is_some_and(|made| !made.waiting.lock().notices.is_empty())
    }

    pub fn take(&self) -> Option<Notice> {
        let mut waiting = self.0.get()?.waiting.lock();
        let notice = waiting.notices.pop_front().map(|queued| queued.notice);
        if waiting.notices.is_empty() {
            // An idle connection keeps no burst's worth of room.
            *waiting = Waiting::default();
        }
        notice
    }

    /// Called when the connection is closing, so that nothing is put in any more.
    pub fn clear(&self) {
        let dropped = self.0.get().map(|made| std::mem::take(&mut *made.waiting.lock()));
        drop(dropped);
        drop(self.0.get().and_then(|made| made.timers.get()).map(|timers| timers.take()));
    }

    /// Whether it is the first that is named here: a connection has one.
    pub fn is_own_secret(&self, secret: &str) -> bool {
        **self.0.get_or_init(Box::default).secret.get_or_init(|| secret.into()) == *secret
    }

    /// `None` if nothing was asked, or `Q` is another type than that of the questions.
    pub fn questions<Q: 'static>(&self) -> Option<&Q> {
        self.0.get()?.questions.get()?.downcast_ref()
    }

    /// `None` only if `Q` is another type than that of the questions before.
    pub fn questions_or_made<Q: Default + Send + Sync + 'static>(&self) -> Option<&Q> {
        self.0.get_or_init(Box::default).questions.get_or_init(|| Box::<Q>::default()).downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    struct Quiet(u32);

    struct Beat;

    #[tokio::test(start_paused = true)]
    async fn one_timer_of_each_type_waits_however_often_it_is_due_while_none_is_taken() {
        const NAMES: (&str, &str) = ("Desk", "quiet");
        let (inbox, activity) = (Inbox::default(), Activity::default());
        let mut cx = Context::from_waker(Waker::noop());
        let mut poll = || inbox.poll_timers(&mut cx, &activity);
        for n in 0..1000 {
            inbox.put_at(Instant::now(), Quiet(n), NAMES, || false);
            poll();
        }
        assert!(matches!(inbox.put(Quiet(1000), NAMES, &activity, || false), Put::Taken), "it is no timer's");
        inbox.put_at(Instant::now(), Beat, NAMES, || false);
        poll();
        let quiet = || inbox.take().and_then(|notice| notice.into().ok()).map(|Quiet(n)| n);
        assert_eq!(quiet(), Some(0));
        poll();
        assert_eq!(quiet(), Some(1000));
        assert!(inbox.take().is_some_and(|notice| notice.into::<Beat>().is_ok()));
        assert_eq!((quiet(), quiet()), (Some(999), None));
        poll();
        assert!(inbox.take().is_none());
    }
}
