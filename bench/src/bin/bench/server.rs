//! A server under test: a process that was started here and ends here.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bench::os;
use bench::report::Report;
use bench::serving::{ANNOUNCEMENT, SEPARATOR};

use crate::plan::{Contender, Placing};

#[derive(Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub client: usize,
}

pub struct Server {
    process: Child,
    addr: SocketAddr,
    /// What it runs on, in its own words.
    pub runtime: String,
    placing: Placing,
    cores: Cores,
}

impl Server {
    pub fn start(programs: &Path, contender: &Contender, placing: Placing, cores: Cores) -> io::Result<Self> {
        let mut command = Command::new(programs.join(contender.program));
        command.args(["--addr", "127.0.0.1:0", "--with-parent"]).args(contender.flags).stdout(Stdio::piped());
        if contender.has_threads {
            command.args(["--threads", if placing == Placing::Apart { "1" } else { "2" }]);
        }
        let all = [cores.server, cores.client];
        os::pin(if placing == Placing::Apart { &all[..1] } else { &all })?;
        let mut process = command.spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.as_mut().expect("it is piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        let mut server = Self { process, addr: ([0, 0, 0, 0], 0).into(), runtime: String::new(), placing, cores };
        read?;
        let announced = line.trim_end().strip_prefix(ANNOUNCEMENT).and_then(|line| line.split_once(SEPARATOR));
        let announced = announced.and_then(|(addr, runtime)| Some((addr.parse().ok()?, runtime)));
        let Some((addr, runtime)) = announced else {
            return Err(io::Error::other(format!("{} did not say where it listens", contender.program)));
        };
        (server.addr, server.runtime) = (addr, runtime.to_owned());
        Ok(server)
    }

    pub fn load(&self, programs: &Path, arguments: &[&str], seconds: f64, warm: f64) -> io::Result<Report> {
        let mut command = Command::new(programs.join("wsload"));
        command.args(arguments).args(["--addr", &self.addr.to_string(), "--pid", &self.process.id().to_string()]);
        command.args(["--seconds", &seconds.to_string(), "--warm", &warm.to_string()]);
        let all = [self.cores.server, self.cores.client];
        match self.placing {
            Placing::Apart => {
                command.args(["--cores", &all[0].to_string(), "--spin"]);
                os::pin(&all[1..])?;
            }
            Placing::Together => {
                command.args(["--cores", &format!("{},{}", all[0], all[1])]);
                os::pin(&all)?;
            }
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        if output.stdout.is_empty() {
            return Err(io::Error::other(format!("the load client ended with {}", output.status)));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the run has told already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
