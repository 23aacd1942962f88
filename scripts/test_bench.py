"""Tests of how the benches judge what was measured."""

import unittest

import compare_generators
from bench import figures


def report(**changes) -> dict:
    checks = {"equal": 10, "equal_when_quiet": 1, "mismatches": [], "failed": 0}
    tiers = [{"tier": "l1", "rate": 0.86, "target": 0.85, "at_best": 0.9}, {"tier": "rag", "rate": None, "target": 0.55, "at_best": None}]
    return {"tiers": tiers, "of_seed": {"p95_ms": 380}, "latencies": [{"of": "all requests", "p95_ms": 20.0}],
            "failed": 0, "checks": checks, **changes}


class Generators(unittest.TestCase):
    def test_a_tenth_more_or_less_is_a_disagreement(self):
        ours = {"answered": 100, "failed": 0, "a second": 10.0, "P50 ms": 100.0, "P95 ms": 200.0}
        apart = compare_generators.disagreements
        self.assertEqual(apart({"lab": ours, "k6": {**ours, "a second": 10.9, "P50 ms": 91}}), [])
        self.assertEqual(apart({"lab": ours, "k6": {**ours, "P95 ms": 230.0}}), ["k6: P95 ms is 230.0, +15 % of ours"])
        self.assertEqual(apart({"lab": ours, "k6": {**ours, "failed": 1}}), ["k6: 1 requests failed"])


class Levels(unittest.TestCase):
    def test_a_quantile_is_the_value_at_its_rank(self):
        latencies = {"20000": 5, "3000": 94, "90000": 1}
        self.assertEqual([figures.quantile_ms(latencies, share) for share in (0.5, 0.95, 1.0)], [3.0, 20.0, 90.0])


class Judging(unittest.TestCase):
    def test_a_rate_below_its_target_and_one_that_is_not_known_are_missed(self):
        judged = {figure.what: figure.verdict for figure in figures.of_load("50", report())}
        self.assertEqual(judged["50: l1 hits of lookups that reached it (at best 90 %)"], "met")
        self.assertEqual(judged["50: rag hits of lookups that reached it"], "MISSED")
        self.assertEqual(judged["50: P95 of all requests"], "met")

    def test_a_failure_and_a_wrong_answer_are_missed(self):
        def met(**changes) -> bool:
            return all(figure.met for figure in figures.soundness("a", report(**changes)))

        checks = report()["checks"]
        self.assertTrue(met())
        self.assertFalse(met(failed=1))
        self.assertFalse(met(checks={**checks, "mismatches": [{"question": "q", "source": "l1"}]}))
        self.assertFalse(met(checks={**checks, "failed": 1}), "an answer could not be compared")
        self.assertFalse(met(checks={**checks, "equal": 0, "equal_when_quiet": 0}), "nothing was compared")

    def test_a_table_shows_every_figure(self):
        lines = figures.table([figures.at_most("a", 1.25, 1.2, " x"), figures.none_of("bb", 0)]).splitlines()
        self.assertEqual(lines[2].split("|")[1:-1], [" a      ", " 1.25 x   ", " at most 1.2 x ", " MISSED  "])
        self.assertEqual(len(lines), 4)


if __name__ == "__main__":
    unittest.main()
