"""How far an import has come."""

import sys
import time

from servers import Postgres, ServerError

from .load import Questions, Uploads
from .tables import SETTLED, rows

# Uploads run ahead of the indexing by this much, so that both go on when something is killed.
AHEAD = 40
STUCK_SECONDS = 300


class Progress:
    """How far the import has come. It lets uploads go on, and says so now and then."""

    def __init__(self, postgres: Postgres, uploads: Uploads, askers: list[Questions], total: int, say):
        self.postgres = postgres
        self.uploads = uploads
        self.askers = askers
        self.total = total
        self.say = say
        # Most uploads for now: some are left to be killed.
        self.most = total * 3 // 4
        self.ready = 0
        self.moved = time.monotonic()
        self.said = 0.0

    def look(self) -> None:
        settled, chunks, embedded = rows(self.postgres, SETTLED)[0]
        settled += len(self.uploads.refused)
        if settled > self.ready:
            self.moved = time.monotonic()
        self.ready = settled
        self.uploads.allowed = max(self.uploads.allowed, min(settled + AHEAD, self.most))
        if time.monotonic() - self.said > 5:
            self.said = time.monotonic()
            asked = sum(len(asker.answered) for asker in self.askers)
            self.say(f"{self.uploads.taken} uploads, {settled}/{self.total} ready, {embedded}/{chunks} chunks, "
                     f"{asked} answers")
        if time.monotonic() - self.moved > STUCK_SECONDS:
            raise ServerError(f"no document got ready for {STUCK_SECONDS} s")

    def until(self, documents: int, seconds: float = float("inf")) -> None:
        deadline = time.monotonic() + seconds
        while self.ready < documents and time.monotonic() < deadline:
            self.look()
            time.sleep(0.3)

    def pass_time(self, seconds: float) -> None:
        self.until(sys.maxsize, seconds)

    def until_true(self, condition, deadline: float):
        while not (value := condition()) and time.monotonic() < deadline:
            self.look()
            time.sleep(0.3)
        return value
