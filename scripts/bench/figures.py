"""Figures with what they are held to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    what: str
    measured: str
    target: str
    met: bool

    @property
    def verdict(self) -> str:
        return "met" if self.met else "MISSED"


def at_least(what: str, share: float | None, least: float) -> Figure:
    measured = "-" if share is None else f"{100 * share:.1f} %"
    return Figure(what, measured, f"at least {100 * least:.0f} %", share is not None and share >= least)


def at_most(what: str, measured: float, most: float, unit: str = "") -> Figure:
    return Figure(what, f"{measured:.2f}{unit}", f"at most {most}{unit}", measured <= most)


def none_of(what: str, count: int) -> Figure:
    return Figure(what, str(count), "0", count == 0)


def some_of(what: str, count: int) -> Figure:
    return Figure(what, str(count), "more than 0", count > 0)


def of_load(name: str, report: dict) -> list[Figure]:
    """What a run under load is held to: the seed's rates for its number of users, no failure, no wrong answer."""
    figures = [at_least(f"{name}: {tier['tier']} hits of lookups that reached it{at_best(tier)}", tier["rate"], tier["target"])
               for tier in report["tiers"] if tier["target"] is not None]
    if report["of_seed"]:
        # The seed's own rates, one after the other, would serve this share.
        row, latency = report["of_seed"], report["latencies"][0]
        figures.append(at_most(f"{name}: P95 of all requests", latency["p95_ms"], row["p95_ms"], " ms"))
    return figures + soundness(name, report)


def at_best(tier: dict) -> str:
    """What a cache has at the best that is never full, whose answers no change alters, and that knows every rewording."""
    return "" if tier["at_best"] is None else f" (at best {100 * tier['at_best']:.0f} %)"


def soundness(name: str, report: dict) -> list[Figure]:
    checks = report["checks"]
    exact = checks["equal"] + checks["equal_when_quiet"]
    return [none_of(f"{name}: failed requests", report["failed"]),
            none_of(f"{name}: exact hits that differ from a computed answer, of {exact + len(checks['mismatches'])}",
                    len(checks["mismatches"]) + checks["failed"]),
            some_of(f"{name}: exact hits compared", exact)]


def p95(report: dict, of: str = "all requests") -> float:
    return next(row["p95_ms"] for row in report["latencies"] if row["of"] == of)


def quantile_ms(counts: dict[str, int], share: float) -> float:
    """Of latencies in microseconds, with how often each occurred."""
    values = sorted((int(us), count) for us, count in counts.items())
    wanted, seen = share * sum(count for _, count in values), 0
    for us, count in values:
        seen += count
        if seen >= wanted:
            return us / 1000
    raise ValueError("there are no latencies")


def table(figures: list[Figure]) -> str:
    rows = [("figure", "measured", "target", "verdict"),
            *((figure.what, figure.measured, figure.target, figure.verdict) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
