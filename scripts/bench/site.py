"""An installation that is measured: the program with its model, and the processes that run of it."""

import contextlib
import os
import pathlib
import shutil
import subprocess

from drill.cluster import MODEL, POSTGRES, Program, log_name
from servers import Postgres, Redis, ServerError, free_port
from servers.process import ENVIRONMENT, HOST, Folder, Server

ADMIN = "admin@localhost"


class Site:
    """What was launched within the stack ends with it; logs are kept in a folder."""

    def __init__(self, program: pathlib.Path, logs: pathlib.Path, stack: contextlib.ExitStack):
        self.stack = stack
        self.logs = logs
        self.installed = Folder()
        stack.callback(self.installed.remove)
        # A copy, that whoever builds meanwhile does not change, and that the servers' user can reach.
        self.program = self.installed.path / "voiceassist"
        shutil.copy2(program, self.program)
        self.model = self.installed.path / "model"
        shutil.copytree(MODEL, self.model, copy_function=shutil.copyfile)
        for path in (self.program, self.model, *self.model.iterdir()):
            path.chmod(0o755)
        self.own = self.installed.path / "commands"
        self.own.mkdir()

    def launch(self, *servers: Server) -> None:
        """All at once."""
        for server in servers:
            self.stack.callback(self.stop, server)
            server.launch()
        for server in servers:
            server.wait()

    def stop(self, *servers: Server) -> None:
        for server in servers:
            try:
                with contextlib.suppress(OSError, AttributeError):
                    shutil.copyfile(server.path("log"), self.logs / f"{log_name(server)}.log")
            finally:
                server.stop()

    def process(self, name: str, command: str, variables: dict[str, str]) -> Program:
        """A process of the product; it keeps its files in a folder of its own unless the variables say otherwise."""
        return Program(name, self.program, command, {
            "VOICEASSIST__DATA_DIR": "data",
            "VOICEASSIST__GATEWAY__LISTEN": f"{HOST}:{free_port()}",
            "VOICEASSIST__METRICS__LISTEN": f"{HOST}:0",
            # Nobody signs in again within a run, and the lab is no attacker.
            "VOICEASSIST__GATEWAY__ACCESS_TOKEN_MINUTES": "1440",
            "VOICEASSIST__GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE": "10000",
            "VOICEASSIST__KNOWLEDGE__MODEL_DIRECTORY": str(self.model),
            **variables})

    def command(self, arguments: list, variables: dict[str, str] | None = None, **options) -> subprocess.Popen:
        """A command of the product that ends by itself, beside the servers."""
        environment = {**ENVIRONMENT, "VOICEASSIST__DATA_DIR": str(self.own / "data"),
                       "VOICEASSIST__KNOWLEDGE__MODEL_DIRECTORY": str(self.model), **(variables or {})}
        return subprocess.Popen(["setpriv", "--pdeathsig=TERM", "--", str(self.program), *map(str, arguments)],
                                env=environment, cwd=self.own, text=True, **options)

    def run(self, arguments: list, variables: dict[str, str] | None = None) -> str:
        """What a command says; a failure is raised."""
        process = self.command(arguments, variables, stdout=subprocess.PIPE)
        try:
            said, _ = process.communicate()
        finally:
            ended(process)
        if process.returncode != 0:
            raise ServerError(f"voiceassist {' '.join(map(str, arguments[:2]))} ended with {process.returncode}")
        return said

    def add_administrator(self, variables: dict[str, str]) -> str:
        """The password."""
        return self.run(["user", "add", ADMIN, "--admin"], variables).strip().rsplit(" ", 1)[-1]


def ended(process: subprocess.Popen) -> None:
    """Sees that it is."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Cluster:
    """Gateways and a worker over PostgreSQL, with Redis or without."""

    def __init__(self, site: Site, gateways: int):
        self.site = site
        self.count = gateways
        self.postgres = Postgres(POSTGRES)
        self.redis = Redis()
        self.gateways: list[Program] = []
        self.worker: Program | None = None

    def start(self) -> None:
        self.site.launch(self.redis, self.postgres)
        for server in (self.postgres, self.redis):
            print(server, flush=True)

    def variables(self, redis: bool = True) -> dict[str, str]:
        of_redis = {"VOICEASSIST__REDIS__URL": self.redis.url} if redis else {}
        return {"VOICEASSIST__DATABASE__URL": self.postgres.url, **of_redis}

    def begin(self, redis: bool) -> None:
        """New processes, whose memory is empty."""
        variables = self.variables(redis)
        self.gateways = [self.site.process(f"gateway-{number}", "gateway", variables)
                         for number in range(1, self.count + 1)]
        self.worker = self.site.process("worker", "worker", variables)
        # Elsewhere it has a machine of its own.
        self.worker.niceness = 10
        self.site.launch(*self.gateways, self.worker)

    def end(self) -> None:
        self.site.stop(*self.gateways, self.worker)

    def addresses(self) -> list[str]:
        return [gateway.url for gateway in self.gateways]


def embedded_data(site: Site) -> pathlib.Path:
    """A data directory that commands and servers share, whoever they run as."""
    path = site.installed.path / "embedded"
    path.mkdir(mode=0o777)
    os.chmod(path, 0o777)
    return path
