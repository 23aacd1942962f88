#!/usr/bin/env python3
"""Measures the load generator itself: against wrk on the same endpoint, and with 20,000 people on one core.

The server has one core and the generator the other. It builds nothing; the exit code is 1 when a target was missed.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from bench import figures
from bench.serving import Serving, add_administrator, run, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER, GENERATOR = "0", "1"
# Nothing but the cheapest request: what is measured is not the server.
WORKLOAD = """
title = "People who ask whether the server is well"
extends = "seed"

[[class]]
name = "regular"
weight = 1
tasks = { health = 1 }
"""
MOST_LAG_MS = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/voiceassist")
    parser.add_argument("--rounds", type=int, default=5, help="how often each generator has its turn")
    parser.add_argument("--seconds", type=float, default=5, help="how long a turn is")
    parser.add_argument("--users", type=int, default=20_000)
    options = parser.parse_args()
    subprocess.run([ROOT / "scripts/require.sh", "wrk", "taskset"], check=True)
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        data = place / "data"
        password = add_administrator(options.program, data)
        with serving(options.program, data, password) as server:
            subprocess.run(["taskset", "--all-tasks", "--cpu-list", "--pid", SERVER, str(server.process)], check=True,
                           stdout=subprocess.DEVNULL)
            measured = against_wrk(options, server.url) + many_people(options, server, place)
    print(figures.table(measured))
    return 0 if all(figure.met for figure in measured) else 1


def against_wrk(options: argparse.Namespace, url: str) -> list[figures.Figure]:
    """In turns, so that a change of the machine concerns both."""
    ours, wrk = [], []
    for _ in range(options.rounds):
        said = pinned([options.program, "lab", "saturate", "--url", url, "--connections", 16, "--seconds", options.seconds])
        ours.append(float(re.search(r"(\d+) answers a second", said)[1]))
        said = pinned(["wrk", "--threads", 1, "--connections", 16, "--duration", f"{options.seconds:.0f}s", f"{url}/health"])
        wrk.append(float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]))
        print(f"lab {ours[-1]:.0f}, wrk {wrk[-1]:.0f} answers a second", file=sys.stderr, flush=True)
    rates = [sorted(rates)[len(rates) // 2] for rates in (ours, wrk)]
    what = f"rate of the lab of that of wrk, {rates[0]:.0f} of {rates[1]:.0f} answers a second"
    return [figures.at_least(what, rates[0] / rates[1], 0.8)]


def many_people(options: argparse.Namespace, server: Serving, place: pathlib.Path) -> list[figures.Figure]:
    workload, out = place / "health.toml", place / "run.json"
    workload.write_text(WORKLOAD)
    run(options.program, ["lab", "prepare", *server.target, "--documents", ROOT / "examples/handbook"], server.secrets)
    pinned([options.program, "lab", "load", *server.target, "--workload", workload, "--users", options.users,
            "--minutes", 0.5, "--ramp-per-minute", 2 * options.users, "--questions", ROOT / "examples/questions/handbook.tsv",
            "--out", out], server.secrets)
    level = json.loads(out.read_text())["levels"][0]
    cpu = [100 * moment["generator"]["cpu_seconds"] / moment["generator"]["seconds"] for moment in level["moments"]
           if moment["generator"] and moment["at_s"] > level["steady_from_s"]]
    lag = figures.quantile_ms(level["lag"], 0.99)
    answered = sum(count for record in level["tasks"] if record["phase"] == "steady" for count in record["due"].values())
    failed = sum(failure["count"] for failure in level["failures"])
    of = f"{options.users} people on one core, {answered / level['steady_s']:.0f} requests a second"
    return [figures.at_most(f"{of}: the generator is late, P99", lag, MOST_LAG_MS, " ms"),
            figures.at_most(f"{of}: processor time of the generator, of its core", sum(cpu) / len(cpu), 100, " %"),
            figures.none_of(f"{of}: failed", failed)]


def pinned(command: list, settings: dict[str, str] | None = None) -> str:
    command = ["taskset", "--cpu-list", GENERATOR, *map(str, command)]
    done = subprocess.run(command, env={**os.environ, **(settings or {})}, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{command[3]} ended with {done.returncode}: {done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
