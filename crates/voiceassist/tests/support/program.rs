//! The program as a process: one data directory, commands that end, servers that run.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::client::Client;
use super::{model, until};

/// Lines of a program's log that a failed test shows.
const SHOWN_LINES: usize = 40;

/// A data directory of its own, and how everything that runs on it is configured.
pub(crate) struct Home {
    directory: TempDir,
    data: PathBuf,
    variables: Vec<(String, String)>,
    started: AtomicUsize,
}

impl Home {
    /// An empty one, with the embedding model.
    pub(crate) fn new() -> Self {
        Self::without_model().with_model()
    }

    /// The same with the embedding model.
    pub(crate) fn with_model(self) -> Self {
        self.set("KNOWLEDGE__MODEL_DIRECTORY", model().display().to_string())
    }

    /// An empty one where search runs on keywords alone.
    pub(crate) fn without_model() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let (variables, started) = (Vec::new(), AtomicUsize::new(0));
        let home = Self { directory, data, variables, started };
        // A failed test shows the end of the log: not the requests of its own polling.
        home.set("GATEWAY__LISTEN", "127.0.0.1:0")
            .set("METRICS__LISTEN", "")
            .set("LOGS__LEVEL", "info,gateway::middleware=warn")
    }

    /// Configures `key`, such as `GATEWAY__LISTEN`.
    pub(crate) fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.variables.push((format!("VOICEASSIST__{key}"), value.into()));
        self
    }

    /// Keeps the data elsewhere.
    pub(crate) fn with_data(self, data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), ..self }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A path beside the data, for what a test needs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file beside the data and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments, to be started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voiceassist"));
        // Nothing of this machine's own configuration, and no folder `models`, is to be found.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VOICEASSIST__")) {
            command.env_remove(name);
        }
        command.current_dir(self.directory.path());
        command.env("VOICEASSIST__DATA_DIR", &self.data);
        command.envs(self.variables.iter().map(|(key, value)| (key, value)));
        command.args(arguments);
        command
    }

    /// Starts the program with these arguments.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Running::start(&self.command(arguments), &self.path(&format!("run-{number}")))
    }

    /// Runs the program to its end.
    pub(crate) async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Done {
        let mut running = self.start(arguments);
        let status = running.end().await;
        Done { status, out: running.out(), err: running.err() }
    }

    /// Runs the program to its end, which must be a good one.
    pub(crate) async fn succeed<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Done {
        let done = self.run(arguments).await;
        assert!(done.status.success(), "{}: {}", done.status, done.err);
        done
    }

    /// Starts a server and waits until it answers.
    pub(crate) async fn serve<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Server {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned());
        let mut process = self.start(std::iter::once("serve".into()).chain(arguments));
        let said = until("the server to say that it answers", async || {
            let said = process.out();
            if let Some(status) = process.ended() {
                panic!("the server ended, {status}: {}", process.err());
            }
            said.contains("Stop it with Ctrl-C.").then_some(said)
        })
        .await;
        let base = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Server { process, base, said }
    }

    /// Makes an account and returns its password.
    pub(crate) async fn add_person(&self, email: &str, options: &[&str]) -> String {
        let done = self.succeed(["user", "add", email].iter().chain(options)).await;
        done.out.trim().rsplit(' ').next().unwrap().to_owned()
    }
}

/// A program that ran to its end.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Asserts that the program failed with one line, and returns it.
    #[track_caller]
    pub(crate) fn failed_with_one_line(&self) -> &str {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        let line = self.err.strip_suffix('\n').unwrap_or_default();
        assert!(line.starts_with("voiceassist: ") && !line.contains('\n'), "not one line: {}", self.err);
        line
    }
}

/// A server that answers.
pub(crate) struct Server {
    pub(crate) process: Running,
    /// Its address: `http://127.0.0.1:40123`.
    pub(crate) base: String,
    /// What it said when it started.
    pub(crate) said: String,
}

impl Server {
    /// The password that the first start with samples tells.
    pub(crate) fn first_password(&self) -> &str {
        let (_, after) = self.said.split_once("with the password ").unwrap();
        after.split(' ').next().unwrap()
    }

    /// Where it tells its figures, when it was told to.
    pub(crate) fn metrics_address(&self) -> String {
        let log = self.process.err();
        let line = log.lines().find(|line| line.contains("metrics are told")).unwrap();
        line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    }

    /// Signs in as the administrator of a first start with samples.
    pub(crate) async fn first_admin(&self) -> Client {
        Client::sign_in(&self.base, "admin@localhost", self.first_password()).await
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.end().await
    }
}

/// A running program, in a process group of its own. It ends, with whatever it has started, when this value goes out
/// of scope, however the test ends.
pub(crate) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// The same program, which is killed when the thread that starts it is gone: a test that is killed drops nothing.
fn ending_with_us(command: &Command) -> Command {
    let mut bound = Command::new("setpriv");
    bound.arg("--pdeathsig=KILL").arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        bound.current_dir(directory);
    }
    bound
}

impl Running {
    /// Starts a program; what it writes goes to files that begin with `name`.
    pub(crate) fn start(command: &Command, name: &Path) -> Self {
        let mut command = ending_with_us(command);
        let (out, err) = (name.with_extension("out"), name.with_extension("err"));
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap());
        command.stderr(File::create(&err).unwrap());
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("setpriv (Debian: util-linux) cannot be started: {error}"));
        Self { child, out, err }
    }

    /// What it has written to its standard output so far.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    /// What it has written to its standard error stream so far.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.err).unwrap_or_default()).into_owned()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it ends.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        until("the program to end", async || self.ended()).await
    }

    /// Kills it as a power failure would, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// Sends a signal to it and to what it has started.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not everywhere.
        let group = format!("-{}", self.child.id());
        let mut shell = Command::new("sh");
        shell.args(["-c", "kill -s \"$0\" -- \"$1\"", name, &group]).stderr(Stdio::null());
        shell.status().unwrap();
    }
}

impl Drop for Running {
    #[allow(clippy::print_stderr, reason = "whoever reads the failure needs the log")]
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.err();
            let skipped = log.lines().count().saturating_sub(SHOWN_LINES);
            let shown: Vec<&str> = log.lines().skip(skipped).collect();
            eprintln!("--- the end of its log:\n{}\n---", shown.join("\n"));
        }
    }
}
