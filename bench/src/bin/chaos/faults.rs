//! What goes wrong, and when: by a seed.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::buses::Bus;
use crate::places::Place;
use crate::proxy::{Flow, Proxy};

/// A node that is stopped for so long is taken for dead.
const PAUSE: Duration = Duration::from_secs(8);

const DELAY: Duration = Duration::from_millis(200);

/// Where it is. One at a time goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Where {
    Node(usize),
    ToBus(usize),
    ToClients(usize),
    Bus,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Kill,
    Terminate,
    Pause,
    Restart(Duration),
    Cut,
    Flow(&'static str, Flow, Flow, Duration),
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    at: Where,
    what: What,
}

pub struct Scene {
    pub places: Vec<Arc<Place>>,
    pub bus: Arc<Mutex<Bus>>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Where::Node(node) => write!(f, "node {node}: ")?,
            Where::ToBus(node) => write!(f, "the link of node {node} to the bus: ")?,
            Where::ToClients(node) => write!(f, "the link of node {node} to its clients: ")?,
            Where::Bus => write!(f, "the bus: ")?,
        }
        match self.what {
            What::Kill => write!(f, "SIGKILL"),
            What::Terminate => write!(f, "SIGTERM"),
            What::Pause => write!(f, "SIGSTOP for {PAUSE:?}"),
            What::Restart(away) => write!(f, "killed, away for {away:?}"),
            What::Cut => write!(f, "cut"),
            What::Flow(how, _, _, time) => write!(f, "{how} for {time:?}"),
        }
    }
}

/// Something that may go wrong now.
fn choose(random: &mut fastrand::Rng, nodes: usize, busy: &HashSet<Where>) -> Fault {
    loop {
        let node = random.usize(..nodes);
        let fault = match random.u32(..100) {
            ..15 => Fault { at: Where::Node(node), what: What::Kill },
            15..27 => Fault { at: Where::Node(node), what: What::Terminate },
            27..37 => Fault { at: Where::Node(node), what: What::Pause },
            37..52 => Fault { at: Where::Bus, what: What::Restart(Duration::from_millis(random.u64(100..7000))) },
            kind => {
                let at = if random.bool() { Where::ToBus(node) } else { Where::ToClients(node) };
                let time = Duration::from_millis(random.u64(500..7000));
                let what = match kind {
                    52..64 => What::Cut,
                    64..76 => What::Flow("held", Flow::Hold, Flow::Hold, time),
                    76..84 => What::Flow("200 ms slower", Flow::Delay(DELAY), Flow::Delay(DELAY), time),
                    84..92 => What::Flow("held one way, then cut", Flow::Hold, Flow::Pass, time),
                    _ => What::Flow("held the other way, then cut", Flow::Pass, Flow::Hold, time),
                };
                Fault { at, what }
            }
        };
        if !busy.contains(&fault.at) {
            return fault;
        }
    }
}

impl Scene {
    /// Returns how many faults there were, all of them mended.
    pub async fn play(self: Arc<Self>, random: &mut fastrand::Rng, length: Duration) -> io::Result<u64> {
        let begun = Instant::now();
        let busy = Arc::new(parking_lot::Mutex::new(HashSet::new()));
        let mut under_way = JoinSet::new();
        let mut done = 0;
        let mut next = begun;
        loop {
            next += Duration::from_millis(random.u64(2000..6000));
            if next > begun + length {
                break;
            }
            sleep_until(next).await;
            let fault = choose(random, self.places.len(), &busy.lock());
            println!("{:6.1} s  {fault}", begun.elapsed().as_secs_f64());
            busy.lock().insert(fault.at);
            let (scene, busy) = (Arc::clone(&self), Arc::clone(&busy));
            under_way.spawn(async move {
                let mended = scene.cause(fault).await;
                busy.lock().remove(&fault.at);
                mended.map_err(|error| io::Error::other(format!("{fault}: {error}")))
            });
            done += 1;
        }
        while let Some(mended) = under_way.join_next().await {
            mended.map_err(io::Error::other)??;
        }
        println!("{:6.1} s  all is mended", begun.elapsed().as_secs_f64());
        Ok(done)
    }

    /// Returns when it is mended.
    async fn cause(&self, Fault { at, what }: Fault) -> io::Result<()> {
        match at {
            Where::Node(node) => {
                let place = &self.places[node];
                match what {
                    What::Kill => place.kill().await?,
                    What::Pause => {
                        place.pause().await?;
                        sleep(PAUSE).await;
                        return place.resume().await;
                    }
                    _ => place.stop().await?,
                }
                // It needs the bus to start, which may be away.
                place.start().await
            }
            Where::ToBus(node) => disturb(&self.places[node].to_bus, what).await,
            Where::ToClients(node) => disturb(&self.places[node].to_clients, what).await,
            Where::Bus => {
                let mut bus = self.bus.lock().await;
                bus.stop().await;
                if let What::Restart(away) = what {
                    sleep(away).await;
                }
                bus.start_again().await;
                Ok(())
            }
        }
    }
}

async fn disturb(proxy: &Proxy, what: What) -> io::Result<()> {
    let What::Flow(_, up, down, time) = what else {
        proxy.cut();
        return Ok(());
    };
    proxy.set_flow(up, down);
    sleep(time).await;
    // What is held one way only belongs to a connection that is broken.
    if up != down {
        proxy.cut();
    }
    proxy.set_flow(Flow::Pass, Flow::Pass);
    Ok(())
}
