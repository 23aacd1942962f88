"""A server that is measured, on a data directory of its own: started and ended here."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

ADMIN = "lab@localhost"
# Measuring is not an attack, and nobody signs in again within a run.
SETTINGS = {
    "VOICEASSIST__GATEWAY__LISTEN": "127.0.0.1:0",
    "VOICEASSIST__METRICS__LISTEN": "127.0.0.1:0",
    "VOICEASSIST__GATEWAY__ACCESS_TOKEN_MINUTES": "1440",
    "VOICEASSIST__GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE": "10000",
}


@dataclasses.dataclass(frozen=True)
class Serving:
    url: str
    metrics: str
    process: int
    password: str

    @property
    def account(self) -> list[str]:
        return ["--email", ADMIN]

    @property
    def target(self) -> list[str]:
        """How the commands of the lab are told of it."""
        return ["--url", self.url, "--metrics", self.metrics, "--process", str(self.process), *self.account]

    @property
    def secrets(self) -> dict[str, str]:
        return {"VOICEASSIST_LAB_PASSWORD": self.password}


@contextlib.contextmanager
def serving(program: pathlib.Path, data: pathlib.Path, password: str, settings: dict[str, str] | None = None):
    """A server on a directory that `add_administrator` began. It belongs to the scheduler's group of whoever measures, so that the
    priorities of its threads hold between the two."""
    log = data.parent / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen([program, "serve"], text=True, stdout=subprocess.PIPE, stderr=errors,
                                   env={**os.environ, **SETTINGS, **(settings or {}), "VOICEASSIST__DATA_DIR": str(data)})
    try:
        address = re.search(r"http://\S+", process.stdout.readline())
        if not address:
            sys.exit(f"bench: the server does not start: {log.read_text()[-2000:]}")
        # Read until its end, so that the server never waits for somebody to listen.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Serving(address[0], metrics_address(log), process.pid, password)
    finally:
        process.terminate()
        process.wait()


def add_administrator(program: pathlib.Path, data: pathlib.Path) -> str:
    """The password."""
    said = run(program, ["user", "add", ADMIN, "--admin"], {"VOICEASSIST__DATA_DIR": str(data)})
    return said.strip().rsplit(" ", 1)[-1]


def metrics_address(log: pathlib.Path, seconds: float = 10) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # Where the log is in colour, the name and the value have marks of their own.
        if found := re.search(r"metrics are told at.*?(\d+\.\d+\.\d+\.\d+:\d+)", log.read_text()):
            return f"http://{found[1]}"
        time.sleep(0.05)
    sys.exit("bench: the server does not say where its metrics are told")


def run(program: pathlib.Path, arguments: list, settings: dict[str, str] | None = None) -> str:
    """What a command says; its progress is shown."""
    if not program.is_file():
        sys.exit(f"bench: there is no {program}; build it with: cargo build --release --package voiceassist")
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **(settings or {})}, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command[1:3])} ended with {done.returncode}")
    return done.stdout
