#!/usr/bin/env python3
"""Runs a command with private throw-away servers, and ends with its exit code.

The servers come up before the command, each on a free port of 127.0.0.1, and are gone after it with all their data.
The command finds them in these variables of its environment:

  VOICEASSIST_TEST_POSTGRES          url of PostgreSQL 15, as its superuser; programs in VOICEASSIST_TEST_POSTGRES_BIN
  VOICEASSIST_TEST_PGVECTOR          url of PostgreSQL with pgvector; programs in VOICEASSIST_TEST_PGVECTOR_BIN
  VOICEASSIST_TEST_PGVECTOR_REPLICA  url of its streaming replica
  VOICEASSIST_TEST_REDIS             url of Redis
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys

from servers import Postgres, Redis, Server, ServerError, exit_on_signals

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
PGVECTOR = pathlib.Path(__file__).resolve().parents[1] / "target/postgres-18/bin"
NAMES = ("postgres", "pgvector", "replica", "redis")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", action="append", default=[], choices=NAMES, metavar="SERVER",
                        help=f"leave one out: {', '.join(NAMES)}; may be given again")
    parser.add_argument("--durable", action="store_true", help="write to the disk as in production, for benches")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("no command to run")
    exit_on_signals()
    try:
        with contextlib.ExitStack() as stack:
            variables = launch(set(NAMES) - set(options.without), options.durable, stack)
            return run(options.command, {**os.environ, **variables})
    except ServerError as error:
        sys.exit(f"with_servers: {error}")


def launch(wanted: set[str], durable: bool, stack: contextlib.ExitStack) -> dict[str, str]:
    """Brings up the servers side by side; the variables that lead to them."""
    variables, launched = {}, []

    def add(server: Server, variable: str) -> None:
        stack.callback(server.stop)
        server.launch()
        launched.append(server)
        variables[f"VOICEASSIST_TEST_{variable}"] = server.url

    if "pgvector" in wanted:
        primary = Postgres(PGVECTOR, durable=durable)
        add(primary, "PGVECTOR")
        variables["VOICEASSIST_TEST_PGVECTOR_BIN"] = str(PGVECTOR)
    if "postgres" in wanted:
        add(Postgres(POSTGRES, durable=durable), "POSTGRES")
        variables["VOICEASSIST_TEST_POSTGRES_BIN"] = str(POSTGRES)
    if "redis" in wanted:
        add(Redis(), "REDIS")
    if {"pgvector", "replica"} <= wanted:
        primary.wait()
        add(primary.replica(), "PGVECTOR_REPLICA")
    for server in launched:
        server.wait()
        print(server, flush=True)
    return variables


def run(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code, as a shell would give it. The command does not outlive the servers."""
    process = subprocess.Popen(["setpriv", "--pdeathsig=TERM", "--", *command], env=environment)
    try:
        code = process.wait()
        return code if code >= 0 else 128 - code
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
