"""Private throw-away servers for tests, benches and drills.

Each one listens on a free port of 127.0.0.1 only, keeps everything in a temporary folder of its own, and never touches
a server that runs already. `launch` returns at once, so that several can come up side by side; `wait` returns when the
server answers; `start` is both. `kill` ends it as a crash would and keeps its data, so that it can be launched again;
`stop` ends it and removes the folder.

A server dies with the thread that launched it, whatever ends that thread: launch from the main thread.
"""

import os
import pathlib
import pwd
import random
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_SECONDS = 60
HOST = "127.0.0.1"
# The servers see nothing of the caller's settings (PGHOST, REDISCLI_AUTH, a language): they behave alike everywhere.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
# PostgreSQL refuses to run as root.
UNPRIVILEGED = pwd.getpwnam("nobody") if os.geteuid() == 0 else None


class ServerError(Exception):
    """A server that did not come up; the message says why."""


def exit_on_signals() -> None:
    """Lets the usual signals end the program by way of its `finally` blocks, which stop the servers."""
    endings = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def leave(number: int, _) -> None:
        for ending in endings:
            signal.signal(ending, signal.SIG_IGN)
        sys.exit(128 + number)

    for ending in endings:
        signal.signal(ending, leave)


def until(condition, what: str, seconds: float = DEADLINE_SECONDS):
    """The first true value of the condition, which is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise ServerError(f"{what} within {seconds:.0f} seconds")
        time.sleep(0.02)
    return value


def free_port() -> int:
    """A port that nobody listens on. It lies below those that outgoing connections take, and so does the one 10,000
    above it, which a node of a Redis cluster takes as well."""
    while True:
        port = random.randrange(10_000, 22_000)
        if port not in _given and all(_is_free(number) for number in (port, port + 10_000)):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, port))
        except OSError:
            return False
    return True


_given: set[int] = set()


class Folder:
    """A temporary folder that the server's user owns. It goes when it is removed and when this process is gone: a
    child that survives every signal to this process waits for the end of it."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="voiceassist-", dir=self._parent()))
        if UNPRIVILEGED:
            os.chown(self.path, UNPRIVILEGED.pw_uid, UNPRIVILEGED.pw_gid)
        # The path is not among the arguments: it marks the processes of the server.
        sweep = 'cat; for try in $(seq 100); do rm -rf "$FOLDER" 2>/dev/null && exit; sleep 0.1; done'
        self._sweeper = subprocess.Popen(["sh", "-c", sweep], env={**ENVIRONMENT, "FOLDER": str(self.path)},
                                         stdin=subprocess.PIPE, start_new_session=True)

    @staticmethod
    def _parent() -> str:
        usual = tempfile.gettempdir()
        return usual if can_run(pathlib.Path(usual)) else "/tmp"

    def write(self, name: str, content: str) -> pathlib.Path:
        """A file for the eyes of the server alone."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(content)
        if UNPRIVILEGED:
            os.chown(path, UNPRIVILEGED.pw_uid, UNPRIVILEGED.pw_gid)
        return path

    def remove(self) -> None:
        self._sweeper.stdin.close()
        self._sweeper.wait()


def as_user(*arguments: str) -> list[str]:
    """The command line that runs a program as the servers' user."""
    if not UNPRIVILEGED:
        return ["setpriv", *arguments]
    return ["setpriv", f"--reuid={UNPRIVILEGED.pw_uid}", f"--regid={UNPRIVILEGED.pw_gid}", "--clear-groups", *arguments]


def can_run(program: pathlib.Path) -> bool:
    """Whether the servers' user can run the program, or enter the folder."""
    return subprocess.run(as_user("--", "test", "-x", program), env=ENVIRONMENT).returncode == 0


class Server:
    """One process in one folder. A subclass says what runs, when it answers, and how it is reached."""

    name: str
    # What a parent's death and `stop` send: the fastest end that leaves nothing behind.
    ending = signal.SIGKILL

    def __init__(self, port: int | None = None):
        self.port = port or free_port()
        self.folder: Folder | None = None
        self.process: subprocess.Popen | None = None

    def script(self) -> str:
        """What the shell runs: preparations first, the server last and in the shell's place."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether this very process answers: a stranger on its port does not count."""
        raise NotImplementedError

    def version(self) -> str:
        """Name and version, asked from the running server."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Puts what the script needs into the new folder."""

    def launch(self) -> None:
        if self.folder is None:
            self.folder = Folder()
            self.prepare()
        with open(self.path("log"), "ab") as log:
            command = as_user(f"--pdeathsig={self.ending.name[3:]}", "--", "sh", "-c", self.script())
            # In a session of its own: a Ctrl-C is for the command that uses the server, which then stops it.
            self.process = subprocess.Popen(command, cwd=self.folder.path, env=ENVIRONMENT, start_new_session=True,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self) -> None:
        def ready() -> bool:
            if (code := self.process.poll()) is not None:
                raise ServerError(f"{self.name} ended with exit code {code}")
            return self.is_ready()

        try:
            until(ready, f"{self.name} did not answer")
        except ServerError as error:
            raise ServerError(f"{error}; the end of its log:\n{self.log_tail()}") from None

    def start(self) -> "Server":
        self.launch()
        self.wait()
        return self

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the process and all that it started, and keeps the data."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        try:
            self.process.wait(10)
            until(lambda: not self.processes(), f"{self.name} did not end", 10)
        except (subprocess.TimeoutExpired, ServerError):
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        try:
            self.kill(self.ending)
        finally:
            if self.folder is not None:
                self.folder.remove()
                self.folder = None

    def processes(self) -> list[int]:
        """Every process of this server: the unique name of its folder is in the arguments of each."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if self.folder.path.name.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def path(self, name: str) -> pathlib.Path:
        return self.folder.path / name

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.path("log").read_text(errors="replace").splitlines()[-lines:])

    def __str__(self) -> str:
        return f"{self.version()} on {HOST}:{self.port}"

    def __enter__(self) -> "Server":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_) -> None:
        self.stop()


class Postgres(Server):
    """PostgreSQL from a folder of programs, with a superuser `postgres` whose password is random.

    `durable=False` gives up what only a power cut would show, for speed."""

    # An immediate shutdown, which releases shared memory; the data are thrown away.
    ending = signal.SIGQUIT

    def __init__(self, programs: pathlib.Path | str, *, durable: bool = True, settings: dict[str, str] | None = None,
                 port: int | None = None):
        super().__init__(port)
        self.name = "PostgreSQL"
        self.programs = runnable(pathlib.Path(programs))
        self.password = secrets.token_hex(16)
        self.settings = {
            "listen_addresses": HOST, "max_connections": "200", "wal_level": "replica", "hot_standby": "on",
            # A replica that lost its primary looks for it often.
            "wal_retrieve_retry_interval": "500ms",
            **({} if durable else {"fsync": "off", "full_page_writes": "off"}), **(settings or {}),
        }

    @property
    def url(self) -> str:
        return f"postgres://postgres:{self.password}@{HOST}:{self.port}/postgres"

    def prepare(self) -> None:
        self.folder.write("password", self.password)

    def script(self) -> str:
        settings = {**self.settings, "port": self.port, "unix_socket_directories": self.folder.path,
                    "cluster_name": self.folder.path.name}
        server = [self.programs / "postgres", "-D", self.path("data")]
        for key, value in settings.items():
            server += ["-c", f"{key}={value}"]
        create = "" if self.path("data/postgresql.auto.conf").exists() else f"{_line(self.create())} && "
        return f"{create}exec {_line(server)}"

    def create(self) -> list:
        """The command that makes the data folder."""
        return [self.programs / "initdb", "-D", self.path("data"), "--username=postgres", "--auth=scram-sha-256",
                "--pwfile", self.path("password"), "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                "--no-instructions"]

    def is_ready(self) -> bool:
        try:
            state = self.path("data/postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return state[0] == str(self.process.pid) and len(state) > 7 and state[7].strip() == "ready"

    def query(self, sql: str) -> str:
        """The rows of a query as text: fields apart by |, rows by line."""
        command = [self.programs / "psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url]
        done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True)
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def version(self) -> str:
        [server, *vector] = self.query("SELECT split_part(current_setting('server_version'), ' ', 1) UNION ALL "
                                       "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
                                       ).split("\n")
        return f"PostgreSQL {server}" + "".join(f" with pgvector {number}" for number in vector)

    def replica(self) -> "Replica":
        """A streaming replica of this server, which must answer when the replica is launched."""
        return Replica(self)


class Replica(Postgres):
    """A hot standby. Its slot keeps what it has not read yet, so that it catches up however long it was away."""

    def __init__(self, primary: Postgres):
        super().__init__(primary.programs, settings=primary.settings)
        self.name = "the replica of PostgreSQL"
        self.primary = primary
        self.password = primary.password

    def create(self) -> list:
        return [self.programs / "pg_basebackup", "-D", self.path("data"), "-d", self.primary.url, "--checkpoint=fast",
                "--wal-method=stream", "--write-recovery-conf", "--create-slot", "--slot", f"replica_{self.port}",
                "--no-sync"]

    def version(self) -> str:
        return f"{super().version()}, replica of {HOST}:{self.primary.port}"


class Redis(Server):
    """Redis without persistence, with a random password."""

    def __init__(self, *, port: int | None = None, settings: dict[str, str] | None = None):
        super().__init__(port)
        self.name = "Redis"
        self.password = secrets.token_hex(16)
        self.settings = {"bind": HOST, "save": "", "appendonly": "no", "set-proc-title": "no", **(settings or {})}

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}"

    def script(self) -> str:
        return f"exec redis-server {self.path('redis.conf')}"

    def prepare(self) -> None:
        settings = {**self.settings, "port": self.port, "dir": self.folder.path, "requirepass": self.password}
        self.folder.write("redis.conf", "".join(f'{key} "{value}"\n' for key, value in settings.items()))

    def ask(self, *words: str) -> str:
        """The answer to a command, as redis-cli prints it."""
        command = ["redis-cli", "-h", HOST, "-p", str(self.port), *words]
        environment = {**ENVIRONMENT, "REDISCLI_AUTH": self.password}
        return subprocess.run(command, env=environment, text=True, capture_output=True).stdout.strip()

    def info(self) -> dict[str, str]:
        lines = self.ask("INFO").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def is_ready(self) -> bool:
        return self.info().get("process_id") == str(self.process.pid)

    def version(self) -> str:
        return f"Redis {self.info()['redis_version']}"


def runnable(programs: pathlib.Path) -> pathlib.Path:
    """The folder of programs, or a copy of their installation where the servers' user cannot reach it."""
    if not (programs / "postgres").exists():
        raise ServerError(f"there is no PostgreSQL in {programs}; `make tools` brings what the tests need")
    if can_run(programs.absolute() / "postgres"):
        return programs.absolute()
    if programs not in _copies:
        folder = Folder()
        shutil.copytree(programs.parent, folder.path / "installed", symlinks=True)
        _copies[programs] = folder
    return _copies[programs].path / "installed" / programs.name


_copies: dict[pathlib.Path, Folder] = {}


def _line(arguments: list) -> str:
    return shlex.join(map(str, arguments))
