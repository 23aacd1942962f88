#!/usr/bin/env python3
"""Runs a command with private throw-away servers, and ends with its exit code.

The servers come up before the command, each on a free port of 127.0.0.1, and are gone after it with all their data.
The command finds them in these variables of its environment:

  VOICEASSIST_TEST_POSTGRES          url of PostgreSQL 15, as its superuser; programs in VOICEASSIST_TEST_POSTGRES_BIN
  VOICEASSIST_TEST_PGVECTOR          url of PostgreSQL with pgvector; programs in VOICEASSIST_TEST_PGVECTOR_BIN
  VOICEASSIST_TEST_PGVECTOR_REPLICA  url of its streaming replica
  VOICEASSIST_TEST_REDIS             url of Redis
  VOICEASSIST_TEST_REDIS_TLS         url of Redis over TLS; file of the authority in VOICEASSIST_TEST_REDIS_TLS_CA
  VOICEASSIST_TEST_REDIS_SENTINEL    url of a sentinel with a primary and a replica
  VOICEASSIST_TEST_REDIS_CLUSTER     url of a cluster of three
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys

from servers import Postgres, Redis, RedisCluster, RedisSentinel, RedisTls, ServerError, exit_on_signals

POSTGRES = {
    "postgres": pathlib.Path("/usr/lib/postgresql/15/bin"),
    "pgvector": pathlib.Path(__file__).resolve().parents[1] / "target/postgres-18/bin",
}
REPLICA = "pgvector-replica"
REDIS = {"redis": Redis, "redis-tls": RedisTls, "redis-sentinel": RedisSentinel, "redis-cluster": RedisCluster}
NAMES = (*POSTGRES, REPLICA, *REDIS)


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
    launched = {}

    def add(name: str, server) -> None:
        stack.callback(server.stop)
        server.launch()
        launched[name] = server

    def answers(name: str) -> None:
        launched[name].wait()
        print(launched[name], flush=True)

    # PostgreSQL takes longest, so it begins, and Redis is ready meanwhile.
    for name in POSTGRES:
        if name in wanted:
            add(name, Postgres(POSTGRES[name], durable=durable))
    for name in REDIS:
        if name in wanted:
            add(name, REDIS[name]())
    for name in reversed(launched):
        answers(name)
    if {"pgvector", REPLICA} <= wanted:
        add(REPLICA, launched["pgvector"].replica())
        answers(REPLICA)
    variables = {name: server.url for name, server in launched.items()}
    variables |= {f"{name}_bin": str(POSTGRES[name]) for name in POSTGRES if name in launched}
    if "redis-tls" in launched:
        variables["redis-tls_ca"] = str(launched["redis-tls"].authority)
    return {f"VOICEASSIST_TEST_{name.upper().replace('-', '_')}": value for name, value in variables.items()}


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
