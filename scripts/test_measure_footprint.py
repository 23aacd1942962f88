"""Tests of how the server under measurement is asked."""

import http.server
import json
import os
import threading
import unittest
from unittest import mock

from measure_footprint import request


class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Requests(unittest.TestCase):
    def test_the_own_server_is_not_asked_by_way_of_a_proxy(self):
        with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            nobody = "http://127.0.0.1:9"
            with mock.patch.dict(os.environ, {"http_proxy": nobody, "HTTP_PROXY": nobody, "no_proxy": ""}):
                answer = request(f"http://127.0.0.1:{server.server_port}", "/", {"message": "here"})
            self.assertEqual(answer, {"message": "here"})
            server.shutdown()


if __name__ == "__main__":
    unittest.main()
