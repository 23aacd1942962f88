"""The processes of a cluster: PostgreSQL and its replica, Redis, gateways, workers, HAProxy."""

import contextlib
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from servers import HAProxy, Postgres, Redis, free_port
from servers.process import ENVIRONMENT, HOST, Folder, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "target/postgres-18/bin"
MODEL = ROOT / "models/all-minilm-l6-v2"
PROXY = ROOT / "deploy/haproxy.cfg"
# The gateways are this machine's own: a proxy of the environment does not lead to them.
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Program(Server):
    """One process of the product, configured by its environment alone."""

    # It stops as an operator stops it; the drill kills it on purpose.
    ending = signal.SIGTERM
    # How much it stands back for others.
    niceness = 0

    def __init__(self, name: str, program: pathlib.Path, command: str, variables: dict[str, str]):
        super().__init__(int(variables["VOICEASSIST__GATEWAY__LISTEN"].rsplit(":", 1)[1]))
        self.name = name
        self.program = program
        self.command = command
        self.variables = variables
        self.read_from = 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        lines = [f"export {key}={shlex.quote(value)}\n" for key, value in self.variables.items()]
        self.folder.write("environment", "".join(lines))
        # Empty: by its name the process is known to be this server's.
        self.folder.write("voiceassist.toml", "")

    def script(self) -> str:
        configuration = shlex.quote(str(self.path("voiceassist.toml")))
        return f". ./environment; exec nice -n {self.niceness} {shlex.quote(str(self.program))} --config {configuration} {self.command}"

    def launch(self) -> None:
        # The log goes on.
        self.read_from = len(self.log()) if self.folder else 0
        super().launch()

    def is_ready(self) -> bool:
        if self.command == "worker":
            return "VoiceAssist indexes documents" in self.log()[self.read_from:]
        try:
            with OPEN(f"{self.url}/health/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def version(self) -> str:
        return f"{self.name} (process {self.process.pid})"

    def log(self) -> str:
        try:
            return self.path("log").read_text(errors="replace")
        except FileNotFoundError:
            return ""


class Cluster:
    """All of it; what was launched within the stack ends with it, and its logs are kept in a folder."""

    def __init__(self, program: pathlib.Path, logs: pathlib.Path, stack: contextlib.ExitStack):
        self.stack = stack
        self.logs = logs
        self.installed = Folder()
        stack.callback(self.installed.remove)
        # A copy, that whoever builds meanwhile does not change, and that the servers' user can reach.
        self.program = self.installed.path / "voiceassist"
        shutil.copy2(program, self.program)
        shutil.copytree(MODEL, self.installed.path / "model", copy_function=shutil.copyfile)
        for path in (self.program, self.installed.path / "model", *(self.installed.path / "model").iterdir()):
            path.chmod(0o755)
        self.redis_is_known = self.knows("redis")
        self.postgres = Postgres(POSTGRES)
        self.redis = Redis()
        self.replica = self.postgres.replica()
        self.gateways: list[Program] = []
        self.workers: list[Program] = []

    def knows(self, section: str) -> bool:
        """Whether the program has this section of the configuration."""
        variables = {**ENVIRONMENT, f"VOICEASSIST__{section.upper()}__URL": "redis://127.0.0.1:1"}
        done = subprocess.run([self.program, "worker"], env=variables, text=True, capture_output=True,
                              cwd=self.installed.path)
        return f"found `{section}`" not in done.stderr

    def start(self) -> None:
        for server in (self.postgres, self.redis):
            self._launch(server)
        for server in (self.redis, self.postgres):
            server.wait()
        self._launch(self.replica)
        self.replica.wait()
        self.gateways = [self._program(f"gateway-{number}", "gateway") for number in (1, 2)]
        self.workers = [self._program(f"worker-{number}", "worker") for number in (1, 2)]
        # All at once: who comes first makes the tables.
        for server in self.programs():
            self._launch(server)
        for server in self.programs():
            server.wait()
        port = free_port()
        first, second = (f"{HOST}:{gateway.port}" for gateway in self.gateways)
        addresses = f'global\n    setenv VOICEASSIST_LISTEN "{HOST}:{port}"\n' \
                    f'    setenv VOICEASSIST_GATEWAY_1 "{first}"\n    setenv VOICEASSIST_GATEWAY_2 "{second}"\n\n'
        self.proxy = HAProxy(addresses + PROXY.read_text(), port)
        self._launch(self.proxy)
        self.proxy.wait()

    def programs(self) -> list[Program]:
        return [*self.gateways, *self.workers]

    def everything(self) -> list[Server]:
        return [self.postgres, self.replica, self.redis, *self.programs(), self.proxy]

    def _launch(self, server: Server) -> None:
        self.stack.callback(self._stop, server)
        server.launch()

    def _stop(self, server: Server) -> None:
        try:
            with contextlib.suppress(OSError):
                shutil.copyfile(server.path("log"), self.logs / f"{log_name(server)}.log")
        finally:
            server.stop()

    def _program(self, name: str, command: str) -> Program:
        variables = {
            "VOICEASSIST__DATA_DIR": "data",
            "VOICEASSIST__DATABASE__URL": self.postgres.url,
            "VOICEASSIST__DATABASE__MIN_CONNECTIONS": "2",
            "VOICEASSIST__GATEWAY__LISTEN": f"{HOST}:{free_port()}",
            "VOICEASSIST__METRICS__LISTEN": f"{HOST}:0",
            "VOICEASSIST__GATEWAY__ACCESS_TOKEN_MINUTES": "1440",
            "VOICEASSIST__KNOWLEDGE__MODEL_DIRECTORY": str(self.installed.path / "model"),
        }
        if self.redis_is_known:
            variables["VOICEASSIST__REDIS__URL"] = self.redis.url
            variables["VOICEASSIST__DATABASE__REPLICA_URLS"] = f'["{self.replica.url}"]'
        return Program(name, self.program, command, variables)

    def undisturbed(self, documents: list[pathlib.Path], folder: pathlib.Path) -> pathlib.Path:
        """The SQLite database into which one process that nobody kills imported the same documents, by keywords
        alone: that needs no model."""
        variables = {**ENVIRONMENT, "VOICEASSIST__DATA_DIR": str(folder)}
        for arguments in (["user", "add", "undisturbed@localhost", "--admin"], ["import", *map(str, documents)]):
            subprocess.run([self.program, *arguments], env=variables, check=True, cwd=folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return folder / "voiceassist.db"


def log_name(server: Server) -> str:
    return re.sub(r"\W+", "-", server.name.lower())


@contextlib.contextmanager
def temporary_folder():
    with tempfile.TemporaryDirectory(prefix="voiceassist-drill-") as folder:
        yield pathlib.Path(folder)
