#!/usr/bin/env python3
"""Measures what a loaded data directory costs at rest: start to first answer, and idle memory.

usage: measure_footprint.py PROGRAM DATA_DIRECTORY
"""

import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

QUESTION = "How do I build an index without blocking writes?"
RUNS = 5
IDLE_SECONDS = 5
# The server is this machine's own: a proxy of the environment does not lead to it.
ASK = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, data = sys.argv[1:]
    environment = {**os.environ, "VOICEASSIST__DATA_DIR": data, "VOICEASSIST__GATEWAY__LISTEN": "127.0.0.1:0",
                   "VOICEASSIST__METRICS__LISTEN": "127.0.0.1:0"}
    email, password = one_time_account(program, environment)
    measured = [run(program, environment, email, password) for _ in range(RUNS)]
    starts, memories = zip(*measured)
    print(f"start to first answer: median {statistics.median(starts) * 1000:.0f} ms "
          f"(min {min(starts) * 1000:.0f}, max {max(starts) * 1000:.0f}) over {RUNS} starts")
    print(f"idle memory (VmRSS, {IDLE_SECONDS} s after the first answer): median {statistics.median(memories):.0f} MB")


def one_time_account(program: str, environment: dict) -> tuple[str, str]:
    email = f"footprint-{time.time_ns()}@localhost"
    told = subprocess.run([program, "user", "add", email], env=environment, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return email, told.strip().rsplit(" ", 1)[-1]


def run(program: str, environment: dict, email: str, password: str) -> tuple[float, float]:
    """Seconds from the start of the process to the first answer, and its memory in MB when idle afterwards.

    Signing in hashes a password on purpose slowly; it happens in an earlier process and is not part of the start."""
    token = with_server(program, environment, lambda base, _: sign_in(base, email, password))[1]

    def measure(base: str, process: subprocess.Popen) -> tuple[float, float]:
        request(base, "/api/chat", {"message": QUESTION, "cache": "bypass"}, token)
        answered = time.monotonic()
        time.sleep(IDLE_SECONDS)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return answered, int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000

    started, (answered, memory) = with_server(program, environment, measure)
    return answered - started, memory


def with_server(program: str, environment: dict, use) -> tuple:
    started = time.monotonic()
    process = subprocess.Popen([program, "serve"], env=environment, text=True, stdout=subprocess.PIPE)
    try:
        base = re.search(r"http://\S+", process.stdout.readline())[0]
        return started, use(base, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def sign_in(base: str, email: str, password: str) -> str:
    return request(base, "/api/auth/login", {"email": email, "password": password})["access_token"]


def request(base: str, path: str, body: dict, token: str | None = None) -> dict:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    made = urllib.request.Request(base + path, json.dumps(body).encode(), headers)
    with ASK(made) as response:
        return json.load(response)


if __name__ == "__main__":
    main()
