#!/usr/bin/env python3
"""Plays the same workload with our generator, k6 and Locust, one after the other, and compares what they measured.

Each starts with a server of its own that has read the sample documents, so that none finds what another one left in the caches.
The exit code is 1 when throughput or a percentile of one differs from ours by more than a tenth.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from bench import figures
from bench.serving import Serving, add_administrator, run, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent
GENERATORS = ROOT / "target/generators"
MOST = 0.1
# How long after the end Locust waits for what is in hand, in seconds.
SPARE = 5
FIGURES = ("a second", "P50 ms", "P95 ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/voiceassist")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--delay-ms", type=int, default=0, help="the server makes every answer late by this")
    options = parser.parse_args()
    os.chdir(ROOT)
    subprocess.run([sys.executable, ROOT / "scripts/fetch_generators.py", GENERATORS], check=True)
    measured = {name: measure(options, play) for name, play in (("lab", ours), ("k6", k6), ("Locust", locust))}
    print("| generator | answered | failed | " + " | ".join(FIGURES) + " |\n|---|---|---|" + "---|" * len(FIGURES))
    for name, one in measured.items():
        cells = [f"{one[figure]:.1f}" for figure in FIGURES]
        print(f"| {name} | {one['answered']} | {one['failed']} | " + " | ".join(cells) + " |")
    apart = disagreements(measured)
    for line in apart:
        print(line)
    return 1 if apart else 0


def disagreements(measured: dict[str, dict]) -> list[str]:
    """What differs too much from ours, or failed."""
    ours, found = measured["lab"], []
    for name, one in measured.items():
        if one["failed"]:
            found.append(f"{name}: {one['failed']} requests failed")
        for figure in FIGURES:
            difference = one[figure] / ours[figure] - 1
            if abs(difference) > MOST:
                found.append(f"{name}: {figure} is {one[figure]:.1f}, {100 * difference:+.0f} % of ours")
    return found


def measure(options: argparse.Namespace, play) -> dict:
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        data = place / "data"
        password = add_administrator(options.program, data)
        run(options.program, ["import", ROOT / "examples/handbook"], {"VOICEASSIST__DATA_DIR": str(data)})
        with serving(options.program, data, password, {"VOICEASSIST__GATEWAY__INJECTED_DELAY_MS": str(options.delay_ms)}) as server:
            return play(options, server, place)


def ours(options: argparse.Namespace, server: Serving, place: pathlib.Path) -> dict:
    out = place / "run.json"
    # Everybody comes at once, as in a plan; who reads figures reads the health.
    run(options.program, ["lab", "load", "--url", server.url, *server.account, "--users", options.users,
                          "--minutes", options.seconds / 60, "--ramp-per-minute", 1e9, "--out", out], server.secrets)
    level = json.loads(out.read_text())["levels"][0]
    if level["invalid"]:
        sys.exit(f"our own load is invalid: {level['invalid']}")
    # The others measure from the moment at which a request is sent.
    latencies: dict[int, int] = {}
    for record in level["tasks"]:
        for us, count in record["sent"].items():
            latencies[int(us)] = latencies.get(int(us), 0) + count
    failed = sum(failure["count"] for failure in level["failures"])
    return told(latencies, failed, options.seconds)


def k6(options: argparse.Namespace, server: Serving, place: pathlib.Path) -> dict:
    export("k6", options, server, place)
    out = place / "k6.json"
    generator(["k6", "run", "--quiet", "-e", f"BASE={server.url}", "-e", f"OUT={out}", place / "k6.js"])
    said = json.loads(out.read_text())
    return {"answered": said["answered"], "failed": said["failed"], "a second": said["answered"] / options.seconds,
            "P50 ms": said["p50_ms"], "P95 ms": said["p95_ms"]}


def locust(options: argparse.Namespace, server: Serving, place: pathlib.Path) -> dict:
    export("locust", options, server, place)
    generator(["locust", "--locustfile", place / "locustfile.py", "--headless", "--users", options.users, "--spawn-rate", options.users,
               "--run-time", f"{options.seconds + SPARE:.0f}s", "--stop-timeout", SPARE, "--host", server.url, "--json-file", place / "locust"])
    answered, failed, times = 0, 0, {}
    for one in json.loads((place / "locust.json").read_text()):
        answered += one["num_requests"] - one["num_failures"]
        failed += one["num_failures"]
        for ms, count in one["response_times"].items():
            us = round(1000 * float(ms))
            times[us] = times.get(us, 0) + count
    return told(times, failed, options.seconds)


def export(generator_name: str, options: argparse.Namespace, server: Serving, place: pathlib.Path) -> None:
    run(options.program, ["lab", "export", generator_name, "--url", server.url, *server.account, "--users", options.users,
                          "--seconds", options.seconds, "--out", place], server.secrets)


def generator(command: list) -> None:
    environment = {**os.environ, "PYTHONPATH": str(GENERATORS), "PATH": f"{GENERATORS / 'bin'}:{os.environ['PATH']}", "NO_PROXY": "*"}
    done = subprocess.run(list(map(str, command)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}")


def told(latencies: dict[int, int], failed: int, seconds: float) -> dict:
    """Of latencies in microseconds with how often each occurred."""
    answered = sum(latencies.values())
    return {"answered": answered, "failed": failed, "a second": answered / seconds,
            "P50 ms": figures.quantile_ms(latencies, 0.5), "P95 ms": figures.quantile_ms(latencies, 0.95)}


if __name__ == "__main__":
    sys.exit(main())
