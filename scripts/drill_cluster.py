#!/usr/bin/env python3
"""Runs a cluster, kills parts of it in the middle of an import, and shows that nothing is lost, doubled or wrong.

PostgreSQL with a replica, Redis, two gateways behind HAProxy (deploy/haproxy.cfg) and two workers import PostgreSQL's
documentation while two people ask questions. A worker and a gateway die by SIGKILL and come back. The checks are a
table at the end and target/drill/report.json; the logs of all processes are kept beside it. The exit code is 1 when a
check fails. Everything is gone afterwards, whatever ends the drill.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import statistics
import sys
import time

from drill import checks
from drill.checks import Check, Served
from drill.client import Client, Refused
from drill.cluster import ROOT, Cluster, Program, temporary_folder
from drill.load import Questions, Uploads
from drill.progress import AHEAD, Progress
from drill.tables import INCONSISTENT, chunks_of_postgres, chunks_of_sqlite, rows, served
from servers import ServerError, exit_on_signals, until

KEPT = ROOT / "target/drill"
DOCUMENTS = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")
QUESTIONS = ROOT / "examples/questions/postgresql-held-out.tsv"
ADMIN, PERSON, PASSWORD = "admin@localhost", "person@localhost", "a password for the drill"
PAUSE_SECONDS = 0.5
# A lease of a job holds 60 s, and is looked after every 15 s; see store/src/jobs.rs and worker/src/leases.rs.
TAKEOVER_SECONDS = 60 + 15 + 5
LEAST_HIT_AT_1 = 0.7
OTHERS_DELAY_SECONDS = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/voiceassist")
    parser.add_argument("--documents", type=int, metavar="N", help="import only N documents, for a quick drill")
    parser.add_argument("--small", type=int, default=10_000, metavar="N", help="small documents that one person queues")
    parser.add_argument("--questions", type=int, default=50, metavar="N", help="questions asked at both gateways")
    options = parser.parse_args()
    exit_on_signals()
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    drill = None
    try:
        with contextlib.ExitStack() as stack:
            cluster = Cluster(options.program, KEPT, stack)
            drill = Drill(cluster, options)
            try:
                drill.run()
            finally:
                drill.end()
    except (ServerError, Refused) as error:
        print(f"drill_cluster: {error}", file=sys.stderr)
        return report(drill, complete=False)
    return report(drill, complete=True)


def report(drill: "Drill | None", complete: bool) -> int:
    made = drill.checks if drill else []
    passed = complete and all(check.passed is not False for check in made)
    written = {"passed": passed, "complete": complete, "checks": [dataclasses.asdict(check) for check in made]}
    (KEPT / "report.json").write_text(json.dumps(written, indent=2) + "\n")
    if not passed:
        for log in sorted(KEPT.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-10:]
            print(f"--- the end of {log.relative_to(ROOT)}\n" + "\n".join(line[:300] for line in tail))
    print(checks.table(made))
    return 0 if passed else 1


class Drill:
    def __init__(self, cluster: Cluster, options: argparse.Namespace):
        self.cluster = cluster
        self.options = options
        self.checks: list[Check] = []
        self.started = time.monotonic()
        self.questions = checks.read_questions(QUESTIONS)
        self.documents = self.choose_documents()
        self.gateway_kills: list[float] = []
        self.askers: list[Questions] = []
        self.uploads: list[Uploads] = []
        self.contents: dict[str, bytes] = {}

    def run(self) -> None:
        self.cluster.start()
        for server in self.cluster.everything():
            self.say(str(server))
        self.sign_in()
        idle = self.measure_a_single_document(5)
        self.import_with_kills()
        listed = self.check_documents()
        self.check_answers_during_kills(listed)
        self.check_equal_answers(listed)
        self.check_reads_on_the_replica()
        self.check_a_replica_that_stops()
        self.check_fairness(idle)

    def end(self) -> None:
        """Nobody asks or uploads any more."""
        for load in (*self.askers, *self.uploads):
            load.ended.set()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def check(self, check: Check) -> None:
        self.checks.append(check)
        self.say(f"{check.word}  {check.name}: {check.figure}")

    def choose_documents(self) -> list[pathlib.Path]:
        """All, those first that the questions are about."""
        asked = {question.file for question in self.questions}
        files = sorted((file for file in DOCUMENTS.rglob("*") if file.is_file()),
                       key=lambda file: (file.name not in asked, file.name))
        return files[:self.options.documents]

    def sign_in(self) -> None:
        nobody = Client(self.cluster.proxy.url)
        nobody.post("/api/auth/register", {"email": ADMIN, "name": "Admin", "password": PASSWORD})
        self.admin = nobody.sign_in(ADMIN, PASSWORD)
        self.admin.post("/api/admin/users", {"email": PERSON, "name": "Person", "password": PASSWORD})
        self.person = nobody.sign_in(PERSON, PASSWORD)

    # The import, with two kills.

    def import_with_kills(self) -> None:
        total = len(self.documents)
        texts = [question.text for question in self.questions]
        uploads = Uploads(self.admin, shared=True, allowed=min(AHEAD, total // 2))
        self.uploads.append(uploads)
        self.askers = [Questions(self.admin, texts, PAUSE_SECONDS),
                       Questions(self.person, texts[::-1], PAUSE_SECONDS)]
        uploads.begin(self.documents)
        for asker in self.askers:
            asker.begin()
        progress = Progress(self.cluster.postgres, uploads, self.askers, total, self.say)
        progress.until(total // 5)
        victim = self.kill_a_worker()
        killed = time.monotonic()
        progress.until(total // 2, seconds=TAKEOVER_SECONDS / 2)
        self.kill_a_gateway(uploads)
        progress.most = total
        progress.pass_time(10)
        self.launch_again(self.cluster.gateways[0])
        survivor = next(worker for worker in self.cluster.workers if worker is not victim)
        took_over = progress.until_true(lambda: taken_over(survivor), killed + TAKEOVER_SECONDS + 30)
        seconds = time.monotonic() - killed
        self.check(Check("a killed worker's jobs are taken over and reported",
                         took_over > 0 and seconds <= TAKEOVER_SECONDS,
                         f"{took_over} jobs after {seconds:.0f} s (a lease holds 60 s)"))
        self.launch_again(victim)
        progress.until(total)
        for asker in self.askers:
            asker.end()
        self.say(f"uploaded {len(uploads.ids)}, refused {len(uploads.refused)}")
        self.imported = uploads

    def kill_a_worker(self) -> Program:
        """Kills one while both have jobs in hand."""
        holders = "SELECT count(DISTINCT lease_holder) FROM job WHERE state = 'running'"
        postgres = self.cluster.postgres
        until(lambda: rows(postgres, holders) == [[2]], "no moment at which both workers have a job in hand")
        victim = self.cluster.workers[0]
        victim.kill()
        held = rows(postgres, "SELECT kind, count(*) FROM job WHERE state = 'running' GROUP BY kind ORDER BY kind")
        self.say(f"killed {victim.name}; in hand, of both: {', '.join(f'{count} {kind}' for kind, count in held)}")
        return victim

    def kill_a_gateway(self, uploads: Uploads) -> None:
        """Kills one while uploads are halfway and questions go on without a pause."""
        for asker in self.askers:
            asker.pause_seconds = 0
        uploads.halfway.set()
        uploads.allowed = uploads.taken + uploads.threads
        until(lambda: uploads.done or uploads.stopped_halfway == uploads.threads, "no upload goes on")
        victim = self.cluster.gateways[0]
        # From before the signal: a request breaks before the end of the process is seen here.
        self.gateway_kills.append(time.monotonic())
        victim.kill()
        uploads.halfway.clear()
        self.say(f"killed {victim.name}, {uploads.stopped_halfway} uploads being halfway in both")
        time.sleep(2)
        for asker in self.askers:
            asker.pause_seconds = PAUSE_SECONDS

    def launch_again(self, server: Program) -> None:
        server.launch()
        server.wait()
        self.say(f"{server} is back")

    # What became of it.

    def check_documents(self) -> list[dict]:
        listed = self.admin.documents()
        with temporary_folder() as folder:
            undisturbed = chunks_of_sqlite(self.cluster.undisturbed(self.documents, folder))
            names = {name for name, *_ in undisturbed.values()}
        # The measurements of the second person are private: the administrator does not see them.
        self.check(checks.each_once(listed, self.imported.ids, names))
        self.check(checks.all_ready(listed))
        self.check(checks.same_chunks(chunks_of_postgres(self.cluster.postgres), undisturbed))
        doubled, gaps, counts, vectors = rows(self.cluster.postgres, INCONSISTENT)[0]
        self.check(Check("no chunk twice, none left out, a vector each", not (doubled or gaps or counts or vectors),
                         f"{doubled} doubled ordinals, {gaps} documents with gaps, {counts} with another count, "
                         f"{vectors} chunks without their one vector"))
        jobs = self.admin.get("/api/admin/jobs")
        self.check(Check("no job left", not (jobs["queued"] or jobs["running"] or jobs["failed"]),
                         f"{jobs['queued']} queued, {jobs['running']} running, {jobs['failed']} failed"))
        repeated = self.imported.repeated
        self.say(f"{repeated} uploads had been stored although their answer was lost, and were found again")
        return listed

    def check_answers_during_kills(self, listed: list[dict]) -> None:
        names = {document["id"]: document["file_name"] for document in listed}
        expected = {question.text: question.file for question in self.questions}
        answered, wrong, foreign = [], [], 0
        for asker in self.askers:
            # The second person also has private documents, which nobody else may have been told of.
            readable = {document["id"] for document in asker.client.documents()}
            for asked in asker.answered:
                cited = {citation["document_id"] for citation in asked.answer["citations"]}
                foreign += len(cited - readable)
                wrong += checks.quotes_wrongly(asked.answer, lambda id: self.content(asker.client, id))
            answered += asker.answered
        by_file = [(expected[asked.question], asked.answer) for asked in answered]
        count, right, abstained, _ = checks.hits(by_file, names)
        slowest = max((asked.seconds for asked in answered), default=0)
        self.check(Check("no wrong answer while parts died", bool(answered) and not wrong and not foreign,
                         f"{len(answered)} answers, {len(wrong)} wrong quotes, {foreign} documents of others; of "
                         f"{count} answerable: {right} right document, {abstained} abstained; slowest {slowest:.1f} s"))
        failures = [*self.imported.failures, *(failure for asker in self.askers for failure in asker.failures)]
        self.check(checks.failures_of_kills(failures, self.gateway_kills))

    def content(self, reader: Client, document_id: str) -> bytes:
        if document_id not in self.contents:
            try:
                self.contents[document_id] = reader.content(document_id)
            except Refused:  # No quote of it is right.
                self.contents[document_id] = b""
        return self.contents[document_id]

    def check_equal_answers(self, listed: list[dict]) -> None:
        names = {document["id"]: document["file_name"] for document in listed}
        asked = self.questions[:self.options.questions]
        first, second = (self.admin.at(gateway.url) for gateway in self.cluster.gateways)
        pairs = [(first.ask(question.text), second.ask(question.text)) for question in asked]
        self.check(checks.equal_answers(pairs))
        # A quick drill has not the documents of all questions.
        answers = [(question.file, one) for question, (one, _) in zip(asked, pairs)
                   if not question.file or question.file in names.values()]
        count, right, abstained, declined = checks.hits(answers, names)
        unanswerable = len(answers) - count
        self.check(Check("the right document is cited first", right >= LEAST_HIT_AT_1 * count,
                         f"{right} of {count} ({right / max(count, 1):.2f}), {abstained} abstained; "
                         f"{declined} of {unanswerable} without an answer declined"))

    # The replica.

    def check_reads_on_the_replica(self) -> None:
        name = "the replica serves reads"
        if not self.cluster.redis_is_known:
            self.check(Check(name, None, "this program has no section redis yet, without which replicas are not read"))
            return
        before = self.served()
        self.ask_by_turns(100)
        after = self.served()
        self.check(checks.replica_share(*zip(before, after)))

    def served(self) -> tuple[Served, Served]:
        """By the primary and by the replica."""
        time.sleep(2)  # The servers publish their statistics once a second.
        return served(self.cluster.postgres), served(self.cluster.replica)

    def ask_by_turns(self, count: int) -> list[Refused]:
        failures = []
        for number in range(count):
            gateway = self.cluster.gateways[number % 2]
            question = self.questions[number % len(self.questions)].text
            try:
                self.person.at(gateway.url).ask(question)
            except Refused as refused:
                failures.append(refused)
        return failures

    def check_a_replica_that_stops(self) -> None:
        name = "a replica that stops is left out and taken back"
        if not self.cluster.redis_is_known:
            self.check(Check(name, None, "as above"))
            return
        failures = self.ask_by_turns(10)
        marks = [len(gateway.log()) for gateway in self.cluster.gateways]

        def all_say(text: str) -> bool:
            failures.extend(self.ask_by_turns(2))
            return all(text in gateway.log()[mark:] for gateway, mark in zip(self.cluster.gateways, marks))

        self.cluster.replica.kill()
        until(lambda: all_say("a replica is left out"), "the replica was not left out")
        failures += self.ask_by_turns(20)
        self.cluster.replica.launch()
        until(lambda: all_say("a replica answers and is read from"), "the replica was not taken back")
        before = self.served()[1]
        failures += self.ask_by_turns(20)
        afterwards = self.served()[1].since(before)
        self.check(Check(name, not failures and afterwards.rows > 0,
                         f"{len(failures)} failed questions; from it afterwards {afterwards}"))

    # Fairness.

    def measure_a_single_document(self, count: int) -> list[float]:
        """How long the second person waits for single small documents, in seconds."""
        seconds = []
        for _ in range(count):
            content = small_document(f"single {time.time_ns()}")
            began = time.monotonic()
            _, told = self.person.upload("single.txt", content, wait=True)
            seconds.append(time.monotonic() - began)
            if told["status"] != "ready":
                self.say(f"a single document is {told['status']} after {seconds[-1]:.1f} s")
        self.say(f"a single document of the second person: {', '.join(f'{value:.2f}' for value in seconds)} s")
        return seconds

    def check_fairness(self, idle: list[float]) -> None:
        count = self.options.small
        # The workers rest, so that all of it waits at once.
        for worker in self.cluster.workers:
            worker.kill(worker.ending)
        uploads = Uploads(self.admin, shared=False, threads=8)
        self.uploads.append(uploads)
        began = time.monotonic()
        uploads.begin((f"small-{number}.txt", small_document(f"small {number}")) for number in range(count))
        told = time.monotonic()
        while not uploads.done:
            time.sleep(0.2)
            if time.monotonic() - told > 5:
                told = time.monotonic()
                self.say(f"{len(uploads.ids)} of {count} small documents queued")
        self.say(f"{len(uploads.ids)} small documents queued in {time.monotonic() - began:.0f} s")
        for worker in self.cluster.workers:
            self.launch_again(worker)
        busy = self.measure_a_single_document(5)
        jobs = self.admin.get("/api/admin/jobs")
        waiting = jobs["queued"] + jobs["running"]
        usual = statistics.median(idle)
        delay = max(busy) - usual
        passed = len(uploads.ids) == count and waiting > 0 and delay < OTHERS_DELAY_SECONDS
        self.check(Check(f"{count} documents of one delay another's by less than 5 s", passed,
                         f"{max(busy):.2f} s at most with {waiting} jobs still waiting afterwards, {usual:.2f} s on "
                         f"the idle system: {delay:+.2f} s"))


def taken_over(worker: Program) -> int:
    """How many jobs this worker says that it took over from a dead one."""
    lines = [line for line in worker.log().splitlines() if "took over jobs" in line]
    return sum(int(found[1]) for line in lines if (found := re.search(r"\bjobs=(\d+)", line)))


def small_document(subject: str) -> bytes:
    return f"Note about {subject}.\n\nThe subject of this note is {subject}; nobody else writes about it.\n".encode()


if __name__ == "__main__":
    sys.exit(main())
