"""The plan beside this file, played by Locust:

  locust --locustfile locustfile.py --headless --users PEOPLE --spawn-rate PEOPLE --run-time SECONDS \\
    --host http://127.0.0.1:8080 --json-file locust

Everything that comes by lot was drawn when the plan was written. This only thinks, asks and goes on. There must be as many people as in
the plan, for a little longer than they stay in it; what was measured is in the figures of Locust.
"""

import itertools
import json
import pathlib
import time

import gevent
from locust import HttpUser, constant, events, task

PLAN = json.loads((pathlib.Path(__file__).parent / "plan.json").read_text())["people"]
numbers = itertools.count()


class Person(HttpUser):
    wait_time = constant(0)

    def on_start(self):
        self.person = PLAN[next(numbers) % len(PLAN)]
        self.client.headers["Authorization"] = f"Bearer {self.person['token']}"

    @task
    def live(self):
        began, last = time.monotonic(), None
        for step in self.person["steps"]:
            # Thinking begins when the last answer is there; nothing begins after the end.
            left = self.person["seconds"] - (time.monotonic() - began)
            if step["pause_s"] >= left:
                break
            gevent.sleep(step["pause_s"])
            last = self.act(step, last)
        # Until Locust ends the run.
        gevent.sleep(86400)

    def act(self, step, last):
        if step.get("needs_answer") and last is None:
            return last
        path, sent = step["path"], {}
        if last:
            path = path.replace("{conversation}", last["conversation_id"]).replace("{message}", last["message_id"])
        if file := step.get("file"):
            sent = {"data": {"visibility": "shared"}, "files": {"file": (file["name"], file["text"])}}
        elif (body := step.get("json")) is not None:
            goes_on = step.get("goes_on") and last
            sent = {"json": body | ({"conversation_id": last["conversation_id"]} if goes_on else {})}
        response = self.client.request(step["method"], path, name=step["task"], **sent)
        return response.json() if response.ok and path == "/api/chat" else last


@events.quitting.add_listener
def done(environment, **_):
    environment.process_exit_code = 1 if environment.stats.total.num_failures else 0
