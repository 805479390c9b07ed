//! Servers on the loopback, and `wrk`, which loads them.

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

/// A process that serves one row, until this is dropped.
pub struct Server {
    process: Child,
    address: SocketAddr,
    token: String,
}

/// What `wrk` says of a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub requests_per_second: f64,
    /// The slowest of a hundred requests, in microseconds.
    pub tail: f64,
}

/// Whether `wrk` is here.
pub fn available() -> bool {
    Command::new("wrk")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok()
}

impl Server {
    /// Starts `serve`, which is built beside this program.
    pub fn start(framework: &str, algorithm: &str, row: &str) -> Result<Self, Box<dyn Error>> {
        let program = std::env::current_exe()?.with_file_name("serve");
        let mut process = on_processor(0, &program)
            .args([framework, algorithm, row])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let (address, token) = line.trim().split_once(' ').ok_or("it does not serve")?;
        Ok(Self {
            process,
            address: address.parse()?,
            token: token.to_owned(),
        })
    }

    /// The statuses of a request with the token, and of one without.
    pub fn statuses(&self) -> Result<[u16; 2], Box<dyn Error>> {
        let authorization = format!("Authorization: Bearer {}\r\n", self.token);
        Ok([self.status(&authorization)?, self.status("")?])
    }

    fn status(&self, headers: &str) -> Result<u16, Box<dyn Error>> {
        let mut connection = TcpStream::connect(self.address)?;
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}");
        connection.write_all(request.as_bytes())?;
        connection.write_all(b"Connection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).ok_or("no answer")?;
        Ok(status.parse()?)
    }

    /// A second of requests with the token, on as many connections at once as
    /// keep the server busy.
    pub fn load(&self) -> Result<Load, Box<dyn Error>> {
        let output = on_processor(1, Path::new("wrk"))
            .args(["--threads", "1", "--connections", "32"])
            .args(["--duration", "1s", "--latency"])
            .args(["--header", &format!("Authorization: Bearer {}", self.token)])
            .arg(format!("http://{}/", self.address))
            .output()?;
        let report = String::from_utf8_lossy(&output.stdout);
        Ok(read(&report).ok_or_else(|| format!("wrk says: {report}"))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program on one processor, where there are two and `taskset` is here: who
/// loads a server should not take its time.
fn on_processor(number: usize, program: &Path) -> Command {
    let several = thread::available_parallelism().is_ok_and(|count| count.get() > 1);
    let taskset = Command::new("taskset").arg("--version").output();
    if several && taskset.is_ok() {
        let mut command = Command::new("taskset");
        command.args(["-c", &number.to_string()]).arg(program);
        return command;
    }
    Command::new(program)
}

/// Nothing, if not every request was answered with a good status.
fn read(report: &str) -> Option<Load> {
    let value = |label: &str| {
        let mut lines = report.lines().map(str::trim);
        lines.find_map(|line| Some(line.strip_prefix(label)?.trim()))
    };
    if value("Non-2xx or 3xx responses:")
        .or_else(|| value("Socket errors:"))
        .is_some()
    {
        return None;
    }
    Some(Load {
        requests_per_second: value("Requests/sec:")?.parse().ok()?,
        tail: microseconds(value("99%")?)?,
    })
}

fn microseconds(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    units.into_iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
        Latency Distribution\n\
        \x20    50%  112.00us\n\
        \x20    99%    1.25ms\n\
        \x20 103241 requests in 1.00s, 12.30MB read\n\
        Requests/sec: 103112.91\n\
        Transfer/sec:     12.28MB\n";

    #[test]
    fn reads_a_report() {
        let load = Load {
            requests_per_second: 103_112.91,
            tail: 1_250.0,
        };
        assert_eq!(read(REPORT), Some(load));
    }

    #[test]
    fn takes_no_figures_from_refusals() {
        let refused = format!("{REPORT}  Non-2xx or 3xx responses: 7\n");
        assert_eq!(read(&refused), None);
        let broken = format!("{REPORT}  Socket errors: connect 0, read 3, write 0, timeout 0\n");
        assert_eq!(read(&broken), None);
    }
}
