"""What the drill checks, computed from rows that were read before."""

import csv
import pathlib
from collections import Counter
from dataclasses import astuple, dataclass

# A kill is felt until HAProxy has left the gateway out.
KILL_IS_FELT_SECONDS = 5
# What a client may see of a kill: the connection broke, or HAProxy says that nobody answered.
OF_A_KILL = (None, 502, 503)


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool | None  # None: it could not be made; the figure says why.
    figure: str

    @property
    def word(self) -> str:
        return {True: "PASS", False: "FAIL", None: "----"}[self.passed]


@dataclass(frozen=True)
class Served:
    """What a server says that it did for the database."""

    scans: int
    rows: int
    transactions: int
    tuples_fetched: int

    def since(self, before: "Served") -> "Served":
        return Served(*(now - then for now, then in zip(astuple(self), astuple(before))))

    def __str__(self) -> str:
        return f"{self.scans} scans, {self.rows} rows, {self.transactions} commits, {self.tuples_fetched} tup_fetched"


@dataclass(frozen=True)
class Question:
    text: str
    # Of the document that answers it; empty when none does.
    file: str


def read_questions(path: pathlib.Path) -> list[Question]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Question(row["question"], row["file"]) for row in rows]


def table(checks: list[Check]) -> str:
    width = max((len(check.name) for check in checks), default=0)
    return "\n".join(f"{check.word}  {check.name:<{width}}  {check.figure}" for check in checks)


def each_once(listed: list[dict], uploaded: dict[str, str], expected: set[str]) -> Check:
    """Every document is listed once, under the id that its upload was told and the name that it had; `uploaded` leads
    from names to ids."""
    ids = Counter(document["id"] for document in listed)
    names = Counter(document["file_name"] for document in listed)
    wrong = [document["file_name"] for document in listed if uploaded.get(document["file_name"]) != document["id"]]
    doubled = sum(count - 1 for count in [*ids.values(), *names.values()])
    missing = sorted(expected - set(names))
    strangers = sorted(set(names) - expected)
    figure = f"{len(listed)} listed of {len(expected)}; {doubled} doubled, {len(missing)} missing, " \
             f"{len(strangers)} unexpected, {len(wrong)} under another id"
    named = [*missing, *strangers, *wrong][:3]
    passed = not doubled and not named
    return Check("every document exactly once", passed, figure + (f": {', '.join(named)}" if named else ""))


def all_ready(listed: list[dict]) -> Check:
    states = Counter(document["status"] for document in listed)
    unfinished = sum(document["embedded_chunks"] != document["chunks"] for document in listed)
    figure = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no document"
    return Check("every document ready, none failed", set(states) == {"ready"} and not unfinished,
                 f"{figure}; {unfinished} with chunks that have no vector")


def same_chunks(here: dict[str, tuple], undisturbed: dict[str, tuple]) -> Check:
    """Documents by the digest of their bytes: file name, title, number of chunks, digest of all chunks."""
    differing = [key for key in here.keys() | undisturbed.keys() if here.get(key) != undisturbed.get(key)]
    chunks = [sum(document[2] for document in side.values()) for side in (here, undisturbed)]
    return Check("titles and chunks as without any kill", bool(here) and not differing,
                 f"{chunks[0]} chunks, {chunks[1]} undisturbed; {len(differing)} documents differ")


def quotes_wrongly(answer: dict, content) -> list[str]:
    """The citations whose quote is not what stands in the document from byte `start` to byte `end`."""
    return [f"{citation['document_id']} {citation['start']}..{citation['end']}" for citation in answer["citations"]
            if content(citation["document_id"])[citation["start"]:citation["end"]] != citation["quote"].encode()]


def comparable(answer: dict) -> dict:
    """An answer without what is its own each time it is given."""
    return {key: value for key, value in answer.items() if key not in ("conversation_id", "message_id", "timings_ms")}


def equal_answers(pairs: list[tuple[dict, dict]]) -> Check:
    differing = [one["answer"][:60] for one, other in pairs if comparable(one) != comparable(other)]
    return Check("both gateways answer the same", bool(pairs) and not differing,
                 f"{len(pairs) - len(differing)} of {len(pairs)} equal in text, citations and mode"
                 + (f"; not {differing[:2]}" if differing else ""))


def hits(asked: list[tuple[str, dict]], names: dict[str, str]) -> tuple[int, int, int, int]:
    """Of questions with their expected file: how many are answerable, have the right document first, have none, and
    how many without an answer are declined. `names` leads from ids to file names."""
    answerable = [(file, answer) for file, answer in asked if file]
    right = sum(bool(answer["citations"]) and names.get(answer["citations"][0]["document_id"]) == file
                for file, answer in answerable)
    abstained = sum(not answer["grounded"] for _, answer in answerable)
    declined = sum(not answer["grounded"] for file, answer in asked if not file)
    return len(answerable), right, abstained, declined


def failures_of_kills(failures: list, kills: list[float]) -> Check:
    """Requests fail only when a gateway is killed, and only so as a client expects."""
    def is_felt(at: float) -> bool:
        return any(0 <= at - kill <= KILL_IS_FELT_SECONDS for kill in kills)

    strange = [failure for failure in failures if failure.status not in OF_A_KILL or not is_felt(failure.at)]
    kinds = Counter(f"{failure.what} {failure.status or 'broken connection'}" for failure in failures)
    figure = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())) or "none failed"
    return Check("requests fail only in the moment of a kill", not strange,
                 f"{figure}; {len(strange)} otherwise" + (f": {strange[0].detail}" if strange else ""))


def replica_share(primary: tuple[Served, Served], replica: tuple[Served, Served]) -> Check:
    """What each server did, before and after the questions."""
    on_primary, on_replica = (after.since(before) for before, after in (primary, replica))
    share = on_replica.rows / max(on_primary.rows + on_replica.rows, 1)
    return Check("the replica serves reads", on_replica.rows > 0,
                 f"{share:.0%} of the rows; replica {on_replica}; primary {on_primary}")
