"""A server as a process: its user, its folder, its port, its start and its end."""

import contextlib
import os
import pathlib
import pwd
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_SECONDS = 60
HOST = "127.0.0.1"
# The servers see nothing of the caller's settings (PGHOST, REDISCLI_AUTH, a language): they behave alike everywhere.
# Debian keeps some of the programs where only root looks.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
# PostgreSQL refuses to run as root, and no server here needs to.
UNPRIVILEGED = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

# Waits for the end of its input, then for that of the processes, and removes the folder.
SWEEP = """
cat
for try in $(seq 300); do
    if ! echo "$FOLDER" | grep --quiet --no-messages --fixed-strings --file - /proc/[0-9]*/cmdline; then
        rm -rf "$FOLDER" && exit
    fi
    sleep 0.1
done
rm -rf "$FOLDER"
"""


class ServerError(Exception):
    """A server that did not do what it should; the message says why."""


def exit_on_signals() -> None:
    """Lets the usual signals end the program by way of its `finally` blocks, which stop the servers."""
    endings = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def leave(number: int, _) -> None:
        for ending in endings:
            signal.signal(ending, signal.SIG_IGN)
        _Uninterrupted.signal = number
        _Uninterrupted.leave()

    for ending in endings:
        signal.signal(ending, leave)


class _Uninterrupted:
    """A block that such a signal does not end in the middle, where a process would be forgotten, but at its end."""

    depth = 0
    signal: int | None = None

    def __enter__(self) -> None:
        _Uninterrupted.depth += 1

    def __exit__(self, *_) -> None:
        _Uninterrupted.depth -= 1
        self.leave()

    @classmethod
    def leave(cls) -> None:
        if cls.depth == 0 and cls.signal is not None:
            code, cls.signal = 128 + cls.signal, None
            sys.exit(code)


def until(condition, failure: str, seconds: float = DEADLINE_SECONDS):
    """The first true value of the condition, which is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise ServerError(f"{failure} within {seconds:.0f} seconds")
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


def as_user(*arguments) -> list[str]:
    """The command line that runs a program as the servers' user."""
    user = []
    if UNPRIVILEGED:
        user = [f"--reuid={UNPRIVILEGED.pw_uid}", f"--regid={UNPRIVILEGED.pw_gid}", "--clear-groups"]
    return ["setpriv", *user, *map(str, arguments)]


def is_reachable(path: pathlib.Path) -> bool:
    """Whether the servers' user can run the program, or enter the folder."""
    return subprocess.run(as_user("--", "test", "-x", path), env=ENVIRONMENT).returncode == 0


class Folder:
    """A temporary folder of the servers' user. It goes when it is removed and when this process is gone, even by a
    signal that cannot be caught: a child waits for that end."""

    def __init__(self):
        usual = pathlib.Path(tempfile.gettempdir())
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="voiceassist-", dir=usual if is_reachable(usual) else "/tmp"))
        _give(self.path)
        # Its name comes by the environment, because among the arguments it marks the processes of the server.
        self._sweeper = subprocess.Popen(["sh", "-c", SWEEP], cwd=self.path.parent, start_new_session=True,
                                         env={**ENVIRONMENT, "FOLDER": self.path.name}, stdin=subprocess.PIPE)

    def write(self, name: str, content: str) -> pathlib.Path:
        """A file for the eyes of the server alone."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(content)
        _give(path)
        return path

    def remove(self) -> None:
        self._sweeper.stdin.close()
        self._sweeper.wait()


def _give(path: pathlib.Path) -> None:
    if UNPRIVILEGED:
        os.chown(path, UNPRIVILEGED.pw_uid, UNPRIVILEGED.pw_gid)


class Service:
    """What comes up and goes: one server, or several that work together."""

    def launch(self) -> None:
        raise NotImplementedError

    def wait(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def start(self) -> "Service":
        self.launch()
        self.wait()
        return self

    def __enter__(self) -> "Service":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_) -> None:
        self.stop()


class Server(Service):
    """One process in one folder. A subclass says what runs, when it answers, and how it is reached."""

    name: str
    # What the end of the run and `stop` send: the fastest end that leaves nothing behind.
    ending = signal.SIGKILL

    def __init__(self, port: int | None = None):
        self.port = port or free_port()
        self.folder: Folder | None = None
        self.process: subprocess.Popen | None = None

    def prepare(self) -> None:
        """Puts what the script needs into the new folder."""

    def script(self) -> str:
        """What the shell runs: preparations first, the server last and in the shell's place. The folder is among the
        server's arguments."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether this very process answers: a stranger on its port does not count."""
        raise NotImplementedError

    def version(self) -> str:
        """Name and version, asked from the running server."""
        raise NotImplementedError

    def launch(self) -> None:
        with _Uninterrupted():
            if self.folder is None:
                self.folder = Folder()
                self.prepare()
            command = as_user(f"--pdeathsig={self.ending.name.removeprefix('SIG')}", "--", "sh", "-c", self.script())
            with open(self.path("log"), "ab") as log:
                # In a session of its own: a Ctrl-C is for the command that uses the server, which is then stopped.
                self.process = subprocess.Popen(command, cwd=self.folder.path, env=ENVIRONMENT, stdout=log, stderr=log,
                                                stdin=subprocess.DEVNULL, start_new_session=True)

    def wait(self) -> None:
        self.until(self.is_ready, f"{self.name} did not answer")

    def until(self, condition, failure: str) -> None:
        """Waits for a condition that the process must live to see; a failure shows the end of the log."""
        def alive_and_true() -> bool:
            if (code := self.process.poll()) is not None:
                raise ServerError(f"{self.name} ended with exit code {code}")
            return condition()

        try:
            until(alive_and_true, failure)
        except ServerError as error:
            raise ServerError(f"{error}; the end of its log:\n{self.log_tail()}") from None

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the process, waits until all that it started is gone too, and keeps the data.

        A preparation that still runs is not interrupted: initdb would leave shared memory behind."""
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(30)
            until(lambda: not self.processes(), f"{self.name} did not end", 30)
        except (subprocess.TimeoutExpired, ServerError):
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        with _Uninterrupted():
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


class Group(Service):
    """Servers that work together."""

    servers: list[Server]

    def launch(self) -> None:
        for server in self.servers:
            server.launch()

    def wait(self) -> None:
        for server in self.servers:
            server.wait()

    def stop(self) -> None:
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.callback(server.stop)
