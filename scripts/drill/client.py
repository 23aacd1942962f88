"""A client of VoiceAssist's API: one connection a request, and no retry that was not asked for."""

import http.client
import json
import secrets
import time
import urllib.parse
from dataclasses import dataclass

SECONDS = 90
# What an honest client may try again, an upload of the same bytes included: the connection broke, the proxy found no
# gateway, the gateway has its hands full.
PASSING = (None, 429, 502, 503)


class Refused(Exception):
    """An answer that is not the one that was hoped for."""

    def __init__(self, status: int | None, detail: str):
        super().__init__(f"{status or 'no answer'}: {detail}")
        self.status = status


@dataclass
class Answer:
    status: int
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """Somebody at an address such as `http://127.0.0.1:8080`."""

    def __init__(self, base: str, token: str | None = None):
        self.base = base
        self.host = urllib.parse.urlsplit(base).netloc
        self.token = token

    def at(self, base: str) -> "Client":
        """The same person at another address."""
        return Client(base, self.token)

    def request(self, method: str, path: str, body: bytes | None = None, media_type: str = "application/json",
                pause=None) -> Answer:
        """The answer, whose status is below 300; everything else is raised. `pause` is called when half of the body
        has been sent."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers |= {"Content-Type": media_type, "Content-Length": str(len(body))}
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        try:
            connection.request(method, path, halves(body, pause) if pause else body, headers)
            told = connection.getresponse()
            answer = Answer(told.status, told.read())
        except (OSError, http.client.HTTPException) as error:
            raise Refused(None, f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise Refused(answer.status, f"{method} {path}: {answer.body[:300].decode(errors='replace')}")
        return answer

    def get(self, path: str, **query):
        encoded = urllib.parse.urlencode({key: value for key, value in query.items() if value is not None})
        return self.request("GET", f"{path}?{encoded}" if encoded else path).json()

    def post(self, path: str, value: dict):
        return self.request("POST", path, json.dumps(value).encode()).json()

    def sign_in(self, email: str, password: str) -> "Client":
        return Client(self.base, self.post("/api/auth/login", {"email": email, "password": password})["access_token"])

    def ask(self, question: str) -> dict:
        return self.post("/api/chat", {"message": question, "cache": "bypass"})

    def content(self, document_id: str) -> bytes:
        return self.request("GET", f"/api/documents/{document_id}/content").body

    def documents(self) -> list[dict]:
        """All that this person may read, page by page."""
        found, cursor = [], None
        while True:
            page = self.get("/api/documents", limit=200, cursor=cursor)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def upload(self, name: str, content: bytes, *, shared: bool = False, wait: bool = False,
               pause=None) -> tuple[int, dict]:
        """The status code and what the server says of the document."""
        mark = secrets.token_hex(16)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="visibility"\r\n\r\n' \
               f'{"shared" if shared else "private"}\r\n--{mark}\r\n' \
               f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        path = "/api/documents/upload" + ("?wait=true" if wait else "")
        answer = self.request("POST", path, body, f"multipart/form-data; boundary={mark}", pause)
        return answer.status, answer.json()


def halves(body: bytes, pause):
    yield body[:len(body) // 2]
    pause()
    yield body[len(body) // 2:]


def patiently(action, passed_over=lambda refused: None, seconds: float = 120):
    """The value of the action, which is tried again while what refuses it may pass."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except Refused as refused:
            if refused.status not in PASSING or time.monotonic() > deadline:
                raise
            passed_over(refused)
            time.sleep(0.2)
