//! What the operating system says about a process, and the limits it sets.

use std::fs;
use std::io;
use std::ops::{AddAssign, Sub};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPU time of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// What the scheduler counted for its threads, in nanoseconds; those that have ended are not in it.
    pub total: Duration,
    /// The user's share by the process's own account, in ticks of most often 10 ms.
    pub user: Duration,
    /// The kernel's share, likewise.
    pub system: Duration,
}

impl Cpu {
    /// Of a process that runs.
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut total = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread that ended while we looked has taken its account along.
            let Ok(stat) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            total += stat.split(' ').next().and_then(|ns| ns.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos);
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in parentheses, may hold anything; 11 fields lie between it and the times.
        let mut times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).map(ticks);
        let mut time = || times.next().unwrap_or_default();
        Ok(Self { total, user: time(), system: time() })
    }

    /// Of several processes.
    pub fn of_all(pids: &[u32]) -> io::Result<Self> {
        let mut sum = Self::default();
        for pid in pids {
            sum += Self::of(*pid)?;
        }
        Ok(sum)
    }
}

impl AddAssign for Cpu {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.user += other.user;
        self.system += other.system;
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// What the children of this process that have ended used, and theirs, in ticks.
pub fn children() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // As in `Cpu::of`; the children's two times follow the process's own.
    Ok(stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(13).take(2).map(ticks).sum())
}

/// The time in which these cores did anything at all, for anybody, in ticks.
pub fn busy(cores: &[usize]) -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let mut sum = Duration::ZERO;
    for line in stat.lines() {
        let mut fields = line.split_whitespace();
        let core = fields.next().and_then(|name| name.strip_prefix("cpu")?.parse().ok());
        if core.is_some_and(|core| cores.contains(&core)) {
            // user, nice, system, idle, iowait, irq, softirq
            sum += fields
                .take(7)
                .enumerate()
                .filter(|(i, _)| !matches!(i, 3 | 4))
                .map(|(_, field)| ticks(field))
                .sum::<Duration>();
        }
    }
    Ok(sum)
}

fn ticks(field: &str) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_nanos(field.parse::<u64>().unwrap_or_default() * 1_000_000_000 / per_second)
}

/// Resident memory of these processes, in bytes.
pub fn resident(pids: &[u32]) -> io::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        sum += kib * 1024;
    }
    Ok(sum)
}

/// Allows this process as many descriptors as it may have, and says how many that is.
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = if raised.is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(u64::MAX)
}

/// Keeps this thread, and all that it starts, on these cores.
pub fn pin(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// The cores on which this thread may run.
pub fn cores() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect())
}
