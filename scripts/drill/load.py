"""What people do to the cluster while the drill goes on: uploads and questions, from threads that note what happens."""

import pathlib
import queue
import threading
import time
from dataclasses import dataclass, field

from .client import Client, Refused, patiently


@dataclass(frozen=True)
class Failure:
    """A request that did not succeed."""

    at: float
    what: str
    status: int | None
    detail: str


@dataclass
class Uploads:
    """Uploads documents from several threads, each again when its connection broke."""

    client: Client
    shared: bool
    threads: int = 4
    # Most documents that may have been uploaded; raised as the cluster gets on.
    allowed: int = 10**9
    ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    repeated: int = 0
    # While it is set, an upload that begins stops halfway until it is cleared, so that a kill finds it there.
    halfway: threading.Event = field(default_factory=threading.Event)
    stopped_halfway: int = 0

    def __post_init__(self):
        self.waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.ended = threading.Event()
        self.running: list[threading.Thread] = []
        self.taken = 0
        self.lock = threading.Lock()

    def begin(self, documents) -> None:
        """Each is a path, or a pair of name and content."""
        for document in documents:
            self.waiting.put(document)
        self.running = [threading.Thread(target=self._run, daemon=True) for _ in range(self.threads)]
        for thread in self.running:
            thread.start()

    @property
    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self.running)

    def _run(self) -> None:
        while not self.ended.is_set():
            with self.lock:
                may = self.taken < self.allowed
                if may:
                    try:
                        document = self.waiting.get_nowait()
                    except queue.Empty:
                        return
                    self.taken += 1
            if not may:
                self.ended.wait(0.05)
                continue
            self._upload(*((document.name, document.read_bytes()) if isinstance(document, pathlib.Path) else document))

    def _upload(self, name: str, content: bytes) -> None:
        tries = 0

        def upload():
            nonlocal tries
            tries += 1
            pause = self._stop_halfway if self.halfway.is_set() and tries == 1 else None
            return self.client.upload(name, content, shared=self.shared, pause=pause)

        try:
            status, told = patiently(upload, lambda refused: self.failures.append(note("upload", refused)))
        except Refused as refused:
            if refused.status != 415:
                self.failures.append(note("upload", refused))
            self.refused[name] = str(refused)
            return
        self.ids[name] = told["document_id"]
        # It was stored although its first answer was lost.
        self.repeated += tries > 1 and status == 200


    def _stop_halfway(self) -> None:
        with self.lock:
            self.stopped_halfway += 1
        while self.halfway.is_set() and not self.ended.is_set():
            time.sleep(0.01)


@dataclass(frozen=True)
class Asked:
    """A question that was answered."""

    at: float
    question: str
    seconds: float
    answer: dict


class Questions:
    """One person after another question, through HAProxy. None is asked again when it failed: it is noted."""

    def __init__(self, client: Client, questions: list[str], pause_seconds: float):
        self.client = client
        self.questions = questions
        self.pause_seconds = pause_seconds
        self.answered: list[Asked] = []
        self.failures: list[Failure] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.ended.set()
        self.thread.join(100)

    def _run(self) -> None:
        number = 0
        while not self.ended.is_set():
            question = self.questions[number % len(self.questions)]
            number += 1
            began = time.monotonic()
            try:
                answer = self.client.ask(question)
                self.answered.append(Asked(began, question, time.monotonic() - began, answer))
            except Refused as refused:
                self.failures.append(note("question", refused))
            self.ended.wait(self.pause_seconds)


def note(what: str, refused: Refused) -> Failure:
    return Failure(time.monotonic(), what, refused.status, str(refused))
