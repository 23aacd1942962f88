"""Tests of what the drill computes from the rows that it read."""

import pathlib
import tempfile
import unittest

from drill import checks
from drill.load import Failure


def answer(**changes) -> dict:
    citation = {"document_id": "d", "start": 2, "end": 5, "quote": "é!"}
    return {"conversation_id": "1", "message_id": "1", "timings_ms": {}, "answer": "é! [1]", "grounded": True,
            "citations": [citation], **changes}


def document(name: str, number: str, **changes) -> dict:
    return {"id": number, "file_name": name, "status": "ready", "chunks": 2, "embedded_chunks": 2, **changes}


class Documents(unittest.TestCase):
    def test_each_must_be_there_once_under_the_id_that_its_upload_was_told(self):
        a, b = document("a", "1"), document("b", "2")

        def passed(*listed) -> bool:
            return checks.each_once(listed, {"a": "1", "b": "2"}, {"a", "b"}).passed

        self.assertTrue(passed(a, b))
        self.assertFalse(passed(a), "one is missing")
        self.assertFalse(passed(a, b, b), "one is doubled")
        self.assertFalse(passed(a, b, document("a", "3")), "one is doubled under another id")
        self.assertFalse(passed(a, document("b", "3")), "one has another id")
        self.assertFalse(passed(a, b, document("c", "3")), "one is nobody's")

    def test_each_must_be_ready(self):
        self.assertTrue(checks.all_ready([document("a", "1")]).passed)
        for changes in ({"status": "failed"}, {"status": "searchable"}, {"embedded_chunks": 1}):
            self.assertFalse(checks.all_ready([document("a", "1", **changes), document("b", "2")]).passed, changes)
        self.assertFalse(checks.all_ready([]).passed)

    def test_chunks_must_be_those_of_an_undisturbed_import(self):
        here = {"sha": ("a", "A", 2, "digest")}
        self.assertTrue(checks.same_chunks(here, dict(here)).passed)
        self.assertFalse(checks.same_chunks(here, {}).passed)
        self.assertFalse(checks.same_chunks({}, {}).passed)
        self.assertFalse(checks.same_chunks(here, {"sha": ("a", "A", 2, "other")}).passed)


class Answers(unittest.TestCase):
    def test_a_quote_is_compared_with_the_bytes_of_the_document(self):
        self.assertEqual(checks.quotes_wrongly(answer(), lambda _: "aaé!".encode()), [])
        self.assertEqual(checks.quotes_wrongly(answer(), lambda _: "aaaé!".encode()), ["d 2..5"])

    def test_answers_are_equal_but_for_ids_and_times(self):
        other = answer(conversation_id="2", message_id="2", timings_ms={"total": 1})
        self.assertTrue(checks.equal_answers([(answer(), other)]).passed)
        self.assertFalse(checks.equal_answers([(answer(), answer(citations=[]))]).passed)
        self.assertFalse(checks.equal_answers([]).passed)

    def test_hits_are_counted_by_the_first_citation(self):
        declined = answer(grounded=False, citations=[])
        asked = [("a", answer()), ("b", answer()), ("a", declined), ("", declined), ("", answer())]
        self.assertEqual(checks.hits(asked, {"d": "a"}), (3, 1, 1, 1))

    def test_questions_are_read_with_their_quotation_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "questions.tsv"
            path.write_text('question\tfile\tphrase\n"Why?" they ask\ta.html\t"so\nAnd who?\t\t\n')
            told = checks.read_questions(path)
        self.assertEqual([(question.text, question.file) for question in told],
                         [('"Why?" they ask', "a.html"), ("And who?", "")])


class Kills(unittest.TestCase):
    def test_only_the_moment_of_a_kill_excuses_a_failure(self):
        def passed(at: float, status: int | None) -> bool:
            return checks.failures_of_kills([Failure(at, "upload", status, "")], [100.0]).passed

        self.assertTrue(passed(100.5, None))
        self.assertTrue(passed(101, 502))
        self.assertFalse(passed(99, 502))
        self.assertFalse(passed(110, 502))
        self.assertFalse(passed(100.5, 500))
        self.assertTrue(checks.failures_of_kills([], [100.0]).passed)

    def test_the_replica_must_have_served(self):
        def share(rows_of_the_replica: int) -> checks.Check:
            before, primary = checks.Served(1, 10, 1, 1), checks.Served(2, 12, 2, 2)
            return checks.replica_share((before, primary), (before, checks.Served(2, 10 + rows_of_the_replica, 2, 2)))

        self.assertTrue(share(6).passed)
        self.assertTrue(share(6).figure.startswith("75%"))
        self.assertFalse(share(0).passed, "to be asked how far it has come is not to serve")


if __name__ == "__main__":
    unittest.main()
