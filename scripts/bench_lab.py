#!/usr/bin/env python3
"""Measures the tables of the benchmark document: one server, one person, loads of both models, how far it goes, then the document.

It builds nothing. The server has a private, throw-away data directory and shares this machine with the generator. The exit code is
that of `voiceassist lab gate`: 0 when all targets are held, 1 when one is broken, 2 when nothing can be concluded.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from bench.serving import Serving, add_administrator, run, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The commands of a run stand in its document: their paths are seen from the project.
os.chdir(ROOT)
POSTGRESQL = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")
HANDBOOK = pathlib.Path("examples/handbook")
QUESTIONS = pathlib.Path("examples/questions")
USERS = "50,100,200,500"
RATES = "45,90,175,380"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path("target/release/voiceassist"))
    parser.add_argument("--documents", type=pathlib.Path, default=POSTGRESQL if POSTGRESQL.exists() else HANDBOOK,
                        help="PostgreSQL's where they are installed, the handbook otherwise")
    parser.add_argument("--users", default=USERS)
    parser.add_argument("--rates", default=RATES)
    parser.add_argument("--time-scale", type=float, default=30, help="divides ramps and steady phases")
    parser.add_argument("--edge-seconds", type=float, default=12, help="how long each load of the search for the edge is there")
    parser.add_argument("--repetitions", type=int, default=1, help="how often the edge is looked for again")
    parser.add_argument("--run", type=pathlib.Path, default=pathlib.Path("docs/performance/run.json"), help="the run file")
    parser.add_argument("--document", type=pathlib.Path, default=pathlib.Path("docs/PERFORMANCE_BENCHMARKS.md"))
    options = parser.parse_args()
    began = time.monotonic()
    committed, options.run = options.run, pathlib.Path("target/lab/bench.json")
    with tempfile.TemporaryDirectory() as directory:
        data = pathlib.Path(directory) / "data"
        with serving(options.program, data, add_administrator(options.program, data)) as server:
            measure(options, server)
    # A run that was cut off leaves what was measured before; one that came to its end is compared with that.
    committed.parent.mkdir(parents=True, exist_ok=True)
    before = committed.with_name("before.json")
    if committed.exists() and program(committed) != program(options.run):
        shutil.copyfile(committed, before)
    shutil.copyfile(options.run, committed)
    compared = ["--before", before] if before.exists() else []
    run(options.program, ["lab", "report", committed, "--out", options.document, *compared])
    run(options.program, ["lab", "lint", options.document])
    print(f"{(time.monotonic() - began) / 60:.0f} minutes", file=sys.stderr)
    return subprocess.run([options.program, "lab", "gate", options.run]).returncode


def program(run: pathlib.Path) -> str | None:
    """The digest of the program that a run was of; nothing where the run is from before it was kept."""
    return json.loads(run.read_text())["environment"].get("program")


def measure(options: argparse.Namespace, server: Serving) -> None:
    documents = ["--documents", options.documents]
    questions = ["--questions", QUESTIONS / ("handbook.tsv" if options.documents == HANDBOOK else "postgresql.tsv")]

    def lab(*arguments) -> None:
        command, *more = arguments
        print(f"lab {command}", file=sys.stderr, flush=True)
        print(run(options.program, ["lab", command, *server.target, *more], server.secrets), flush=True)

    lab("prepare", *documents, "--accounts", 200)
    lab("baseline", *questions, "--out", options.run)
    lab("load", *questions, "--users", options.users, "--rates", options.rates, "--time-scale", options.time_scale,
        "--out", options.run)
    lab("breakpoint", *questions, "--from", 200, "--seconds", options.edge_seconds, "--repetitions", options.repetitions,
        "--out", options.run)


if __name__ == "__main__":
    sys.exit(main())
