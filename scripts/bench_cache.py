#!/usr/bin/env python3
"""Measures the cache of answers: its tiers by themselves, under load in a cluster, without Redis, and after a restart.

It builds nothing. PostgreSQL with pgvector, Redis, gateways and a worker are private and throw-away; documents are
PostgreSQL's documentation where it is installed (a part of it), the sample handbook otherwise. Every figure is printed
beside its target, and all reports are kept in target/bench-cache. The exit code is 1 when a target was missed.
"""

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from bench import figures
from bench.figures import Figure
from bench.site import Cluster, Site, embedded_data, ended
from drill.checks import read_questions
from drill.cluster import ROOT
from servers import Redis, ServerError, exit_on_signals

KEPT = ROOT / "target/bench-cache"
POSTGRESQL = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")
HANDBOOK = ROOT / "examples/handbook"
QUESTIONS = ROOT / "examples/questions"
PARTS = ("speed", "cluster", "redis-stop", "embedded")
# The most that the loss of Redis in the middle may cost.
MOST_P95_RATIO = 1.2
SAID = re.compile(r"seconds\s*: (\d+)/(\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/voiceassist")
    parser.add_argument("--documents", type=int, default=600, metavar="N", help="documents of PostgreSQL's documentation")
    parser.add_argument("--gateways", type=int, default=2, metavar="N")
    parser.add_argument("--users", type=int, action="append", metavar="N",
                        help="how many people; may be given again; 50 and 500 unless given")
    parser.add_argument("--warm", type=int, default=1000, metavar="N", help="questions that an operator warms with")
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="minutes of the steady phase")
    parser.add_argument("--pairs", type=int, default=1, metavar="N",
                        help="how often the load without Redis is compared with the one that loses it")
    parser.add_argument("--only", action="append", choices=PARTS, help="leave the other parts out; may be given again")
    options = parser.parse_args()
    exit_on_signals()
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    bench = None
    try:
        with contextlib.ExitStack() as stack:
            bench = Bench(Site(options.program, KEPT, stack), options)
            bench.run(options.only or PARTS)
    except ServerError as error:
        print(f"bench_cache: {error}", file=sys.stderr)
    measured = bench.figures if bench else []
    print(figures.table(measured))
    missed = sum(not figure.met for figure in measured)
    complete = bench is not None and bench.complete
    print(f"{missed} of {len(measured)} targets missed" + ("" if complete else "; the bench did not get to its end"))
    return 0 if complete and not missed else 1


class Bench:
    def __init__(self, site: Site, options: argparse.Namespace):
        self.site = site
        self.options = options
        self.figures: list[Figure] = []
        self.complete = False
        self.started = time.monotonic()
        self.documents, self.question_files = documents(options.documents)

    def run(self, parts) -> None:
        if "speed" in parts:
            self.measure_the_tiers()
        if {"cluster", "redis-stop"} & set(parts):
            self.measure_a_cluster(parts)
        if "embedded" in parts:
            self.measure_a_restart()
        self.complete = True

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    # The tiers by themselves.

    def measure_the_tiers(self) -> None:
        self.say("the tiers by themselves")
        redis = Redis()
        self.site.launch(redis)
        process = self.site.command(["lab", "cache", "--redis", redis.url, "--json"], stdout=subprocess.PIPE)
        try:
            said, _ = process.communicate()
        finally:
            ended(process)
        self.site.stop(redis)
        if not said:
            raise ServerError("the tiers could not be measured")
        self.keep("speed", rows := json.loads(said))
        for row in rows:
            unit = f" {row['unit']}"
            self.figures.append(figures.at_most(f"{row['what']} ({row['detail']})", row["measured"], row["most"], unit))

    # Under load.

    def measure_a_cluster(self, parts) -> None:
        cluster = Cluster(self.site, self.options.gateways)
        cluster.start()
        password = self.fill(cluster.variables())
        cluster.begin(redis=True)
        if "cluster" in parts:
            self.warm(cluster, password)
            # Redis has what was warmed; the gateways begin with nothing.
            for users in self.options.users or (50, 500):
                report = self.load(f"{users}-users", cluster.addresses(), password, users,
                                   more=["--keep-uploads", "--warmed", self.options.warm])
                self.figures += figures.of_load(f"{users} users", report)
            # What the uploads of a tenth of the people cost: no target, but the reason of what is missed.
            self.load("50-users-no-uploads", cluster.addresses(), password, 50, share=0.5, more=["--no-uploads"], ramp=50)
        cluster.end()
        if "redis-stop" in parts:
            self.measure_the_loss_of_redis(cluster, password)
        self.site.stop(cluster.redis, cluster.postgres)

    def fill(self, variables: dict[str, str]) -> str:
        """Imports the documents; the administrator's password."""
        password = self.site.add_administrator(variables)
        self.say(f"importing {len(self.documents)} documents")
        self.say(self.site.run(["import", *self.documents], variables).strip().replace("\n", "; "))
        return password

    def warm(self, cluster: Cluster, password: str) -> None:
        """As an operator would, from the questions of yesterday."""
        file = KEPT / "questions.txt"
        self.site.run(self.arguments(cluster.addresses(), ["--write-questions", file]), {"VOICEASSIST_LAB_PASSWORD": password})
        warmed = self.site.run(["cache", "warm", "--questions", file, "--count", self.options.warm], cluster.variables())
        self.say(f"warmed: {warmed.strip()}")

    def load(self, name: str, addresses: list[str], password: str, users: int, halfway=None, share: float = 1.0,
             more=(), ramp: int | None = None) -> dict:
        """The report of a run; `halfway` is called in the middle of its steady phase."""
        minutes = self.options.minutes * share
        # As slow as people are: what they upload has to be embedded, which takes as long however fast the clock goes. 500 come
        # ten times faster, so that it does not take an hour until all are there.
        ramp = ramp or (10 if users <= 50 else 100)
        self.say(f"{name}: {users} users")
        file = KEPT / f"{name}.json"
        pacing = ["--users", users, "--minutes", minutes, "--ramp-per-minute", ramp]
        process = self.site.command(self.arguments(addresses, [*pacing, *more, "--json", file]),
                                    {"VOICEASSIST_LAB_PASSWORD": password}, stderr=subprocess.PIPE)
        try:
            for line in process.stderr:
                print(line, end="", file=sys.stderr, flush=True)
                told = SAID.match(line)
                if told and halfway and int(told[1]) >= int(told[2]) - 30 * minutes:
                    halfway()
                    halfway = None
            process.wait()
        finally:
            ended(process)
        if not file.exists():
            raise ServerError(f"{name} could not be measured")
        if halfway:
            raise ServerError(f"{name} had no middle")
        return json.loads(file.read_text())[0]

    def arguments(self, addresses: list[str], more: list) -> list:
        arguments = ["lab", "cache-load"]
        for address in addresses:
            arguments += ["--gateway", address]
        for file in self.question_files:
            arguments += ["--questions", file]
        return arguments + more

    # Without Redis.

    def measure_the_loss_of_redis(self, cluster: Cluster, password: str) -> None:
        ratios = []
        for pair in range(1, self.options.pairs + 1):
            without = self.load_anew(f"without-redis-{pair}", cluster, password, redis=False)
            losing = self.load_anew(f"redis-stopped-{pair}", cluster, password, redis=True)
            for name, report in (("without Redis", without), ("Redis stopped", losing)):
                self.figures += figures.soundness(f"{name} {pair}", report)
            ratios.append(figures.p95(losing) / figures.p95(without))
            self.say(f"P95 without Redis {figures.p95(without):.1f} ms, Redis stopped {figures.p95(losing):.1f} ms")
        ratios.sort()
        middle = ratios[len(ratios) // 2]
        shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        self.figures.append(figures.at_most(f"P95 of a load that loses Redis, by one without it (pairs: {shown})", middle,
                                            MOST_P95_RATIO, " x"))

    def load_anew(self, name: str, cluster: Cluster, password: str, redis: bool) -> dict:
        """A load on gateways that know nothing yet; Redis, if there is one, dies in the middle."""
        if redis and cluster.redis.process is None:
            cluster.redis.launch()
            cluster.redis.wait()
        if redis:
            cluster.redis.ask("FLUSHALL")
        cluster.begin(redis)

        def kill() -> None:
            cluster.redis.kill()
            self.say("Redis is killed")

        report = self.load(name, cluster.addresses(), password, 50, kill if redis else None, share=0.5, ramp=50)
        cluster.end()
        return report

    # In one process.

    def measure_a_restart(self) -> None:
        variables = {"VOICEASSIST__DATA_DIR": str(embedded_data(self.site))}
        password = self.fill(variables)
        for path in (self.site.installed.path / "embedded").rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        server = self.site.process("embedded", "serve", variables)
        self.site.launch(server)
        first = self.load("embedded", [server.url], password, 50, share=0.5, more=["--keep-uploads"], ramp=50)
        server.kill(server.ending)
        server.launch()
        server.wait()
        self.say("the server was restarted")
        second = self.load("embedded-restarted", [server.url], password, 50, share=0.25, ramp=50)
        self.site.stop(server)
        self.figures += figures.soundness("embedded", first) + figures.soundness("embedded, restarted", second)
        # In the ramp too: there, the memory is empty.
        hits = sum(phase["l2"]["hits"] for phase in second["statistics"])
        lookups = sum(phase["l2"]["lookups"] for phase in second["statistics"])
        self.figures.append(figures.some_of(f"embedded, restarted: hits on disk, of {lookups} lookups", hits))

    def keep(self, name: str, value) -> None:
        (KEPT / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")


def documents(count: int) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """What is imported, and the files of questions about it."""
    if not POSTGRESQL.exists():
        return [HANDBOOK], [QUESTIONS / "handbook.tsv"]
    files = [QUESTIONS / "postgresql.tsv", QUESTIONS / "postgresql-held-out.tsv"]
    asked = {question.file for file in files for question in read_questions(file)}
    # Those that the questions are about, and any others; release notes are lists of names.
    chosen = sorted((file for file in POSTGRESQL.glob("*.html") if not file.name.startswith("release-")),
                    key=lambda file: (file.name not in asked, file.name))
    return chosen[:count], files


if __name__ == "__main__":
    sys.exit(main())
