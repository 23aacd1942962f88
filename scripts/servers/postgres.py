"""PostgreSQL and its streaming replicas."""

import atexit
import pathlib
import secrets
import shlex
import shutil
import signal
import subprocess

from .process import ENVIRONMENT, HOST, Folder, Server, ServerError, is_reachable


class Postgres(Server):
    """PostgreSQL from a folder of programs, with a superuser `postgres` whose password is random.

    `durable=False` gives up what only a power cut would show, for speed."""

    # An immediate shutdown: no checkpoint, but shared memory is released.
    ending = signal.SIGQUIT

    def __init__(self, programs: pathlib.Path | str, *, durable: bool = True, settings: dict[str, str] | None = None,
                 port: int | None = None):
        super().__init__(port)
        self.name = "PostgreSQL"
        self.programs = reachable_programs(pathlib.Path(programs))
        self.password = secrets.token_hex(16)
        self.settings = {
            "listen_addresses": HOST, "max_connections": "200", "wal_level": "replica", "hot_standby": "on",
            # A replica that lost its primary looks for it often.
            "wal_retrieve_retry_interval": "500ms",
            # In the data folder, where a crash leaves nothing for longer than the folder lives.
            "dynamic_shared_memory_type": "mmap",
            **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
            **(settings or {}),
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
        state = self._state()
        return state[0] == str(self.process.pid) and len(state) > 7 and state[7] == "ready"

    def _state(self) -> list[str]:
        """What the server writes about itself: its process, the segment of shared memory, whether it is ready."""
        try:
            return [line.strip() for line in self.path("data/postmaster.pid").read_text().split("\n")]
        except FileNotFoundError:
            return [""]

    def query(self, sql: str) -> str:
        """The rows of a query as text: fields apart by |, rows by line."""
        command = [self.programs / "psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url]
        done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True)
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def version(self) -> str:
        server = self.query("SELECT split_part(current_setting('server_version'), ' ', 1)")
        vector = self.query("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
        return f"PostgreSQL {server}" + (f" with pgvector {vector}" if vector else "")

    def replica(self) -> "Replica":
        """A streaming replica of this server, which must answer when the replica is launched."""
        return Replica(self)

    def stop(self) -> None:
        state = []
        try:
            self.kill(self.ending)
            state = self._state() if self.folder else []
        finally:
            super().stop()
        # A crash left it: the key and the number of its shared memory.
        if len(state) > 6 and (segment := state[6].split()):
            subprocess.run(["ipcrm", "-m", segment[-1]], stderr=subprocess.DEVNULL)


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
        return f"{super().version()}, replica of {HOST}:{self.primary.port},"


def reachable_programs(programs: pathlib.Path) -> pathlib.Path:
    """The folder of programs, or a copy of their installation where the servers' user cannot reach it."""
    programs = programs.absolute()
    if not (programs / "postgres").exists():
        raise ServerError(f"there is no PostgreSQL in {programs}; `make tools` brings what the tests need")
    if is_reachable(programs / "postgres"):
        return programs
    if programs not in _copies:
        folder = Folder()
        atexit.register(folder.remove)
        shutil.copytree(programs.parent, folder.path / "installed", symlinks=True)
        _copies[programs] = folder
    return _copies[programs].path / "installed" / programs.name


# They live as long as this process.
_copies: dict[pathlib.Path, Folder] = {}


def _line(arguments: list) -> str:
    return shlex.join(map(str, arguments))
