#!/usr/bin/env python3
"""Measures what measuring costs: all metrics and traces against none, a dashboard over a million messages, a scrape under load.

It builds nothing. Data directories are private and throw-away. Every figure is printed beside its target; the exit code is 1 when
a target was missed.
"""

import argparse
import datetime
import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import uuid

from bench import figures
from bench.figures import Figure
from bench.serving import add_administrator, run, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("overhead", "dashboard", "scrape")
MESSAGES = 1_000_000
# Messages of a conversation.
TURNS = 20
# The most that measuring may cost, of the throughput on the cached path of a question.
MOST_OVERHEAD = 0.03
MOST_DASHBOARD_MS = 20
MOST_SCRAPE_MS = 10
WORDS = "where how long password travel expenses leave office badge laptop review manager contract invoice phone".split()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/voiceassist")
    parser.add_argument("--unmeasured", type=pathlib.Path, default=ROOT / "target/voiceassist-unmeasured",
                        help="the same program, built with the feature `unmeasured`")
    parser.add_argument("--rounds", type=int, default=64, help="how often each program has its turn")
    parser.add_argument("--seconds", type=float, default=1, help="how long a turn is")
    parser.add_argument("--only", action="append", choices=PARTS, help="leave the other parts out; may be given again")
    options = parser.parse_args()
    measured: list[Figure] = []
    parts = options.only or PARTS
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        if "overhead" in parts:
            measured += overhead(options, place)
        if "dashboard" in parts:
            measured += dashboard(options.program, place)
        if "scrape" in parts:
            measured += scrape(options.program, place)
    print(figures.table(measured))
    return 0 if all(figure.met for figure in measured) else 1


def overhead(options: argparse.Namespace, place: pathlib.Path) -> list[Figure]:
    file = place / "ab.json"
    run(options.program, ["lab", "ab", "--before", options.unmeasured, "--after", options.program, "--traces",
                          "--rounds", options.rounds, "--seconds", options.seconds, "--json", file])
    told = json.loads(file.read_text())
    row = next(row for row in told["comparison"]["rows"] if row["measure"] == "Throughput")
    between = ["?" if row[end] is None else f"{-100 * row[end]:.1f}" for end in ("high", "low")]
    what = (f"throughput lost to metrics, logs and traces, {row['before']:.0f} to {row['after']:.0f} answers a second "
            f"(between {between[0]} and {between[1]} %)")
    return [figures.at_most(what, -100 * row["change"], 100 * MOST_OVERHEAD, " %")]


def dashboard(program: pathlib.Path, place: pathlib.Path) -> list[Figure]:
    data = place / "data"
    password = add_administrator(program, data)
    run(program, ["import", ROOT / "examples/handbook"], {"VOICEASSIST__DATA_DIR": str(data)})
    fill(data / "voiceassist.db")
    out = place / "baseline.json"
    with serving(program, data, password) as server:
        run(program, ["lab", "baseline", *server.target, "--requests", 1000, "--out", out], server.secrets)
    endpoints = dict(json.loads(out.read_text())["baseline"]["endpoints"])
    what = f"GET /api/admin/dashboard with {MESSAGES:,} messages, P95 of {sum(endpoints['dashboard'].values())}"
    return [figures.at_most(what, figures.quantile_ms(endpoints["dashboard"], 0.95), MOST_DASHBOARD_MS, " ms")]


def scrape(program: pathlib.Path, place: pathlib.Path) -> list[Figure]:
    out = place / "load.json"
    run(program, ["lab", "load", "--rates", 45, "--minutes", 2, "--no-uploads", "--out", out])
    level = json.loads(out.read_text())["levels"][0]
    scrapes = level["scrapes"]
    what = f"reading all figures under 45 requests a second, P95 of {sum(scrapes.values())}"
    return [figures.at_most(what, figures.quantile_ms(scrapes, 0.95), MOST_SCRAPE_MS, " ms")]


def fill(database: pathlib.Path) -> None:
    """A million messages of one person, by the tables themselves: by the API it would take an hour."""
    print(f"writing {MESSAGES:,} messages", file=sys.stderr, flush=True)
    lot = random.Random(1)
    connection = sqlite3.connect(database)
    owner = connection.execute("SELECT id FROM account").fetchone()[0]
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)

    def moment(number: int) -> str:
        return (start + datetime.timedelta(seconds=10 * number)).isoformat(timespec="microseconds")

    def text() -> str:
        return " ".join(lot.choices(WORDS, k=12))

    with connection:
        conversations = [(identity(lot), owner, text(), moment(number), moment(number))
                         for number in range(MESSAGES // TURNS)]
        connection.executemany("INSERT INTO conversation (id, account_id, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                               conversations)
        messages = ((identity(lot), conversations[number // TURNS][0],
                     "assistant" if number % 2 else "user", text(), moment(number)) for number in range(MESSAGES))
        connection.executemany("INSERT INTO message (id, conversation_id, author, text, created_at) VALUES (?, ?, ?, ?, ?)",
                               messages)
    connection.close()


def identity(lot: random.Random) -> bytes:
    return uuid.UUID(int=lot.getrandbits(128)).bytes


if __name__ == "__main__":
    sys.exit(main())
