//! A Redis of a test's own, to be killed, stopped and started again.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) struct OwnRedis {
    port: u16,
    arguments: Vec<String>,
    process: Child,
    _directory: TempDir,
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl OwnRedis {
    pub(crate) fn start() -> Self {
        Self::with(free_port(), &[])
    }

    pub(crate) fn with(port: u16, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port_text = port.to_string();
        let folder = directory.path().to_str().unwrap();
        let fixed = ["--port", &port_text, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
        let arguments: Vec<String> = fixed.iter().chain(settings).map(|&word| word.to_owned()).collect();
        let redis = Self { port, process: launch(&arguments), arguments, _directory: directory };
        redis.wait_until_it_listens();
        redis
    }

    fn wait_until_it_listens(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "redis-server does not listen on port {}", self.port);
            std::thread::yield_now();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port, empty.
    pub(crate) fn restart(&mut self) {
        self.process = launch(&self.arguments);
    }

    /// Holds it up: its connections stay open, and nobody answers.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

fn launch(arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("redis-server (Debian: redis-server) cannot be started: {error}"))
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
