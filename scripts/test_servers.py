"""Tests of the private servers: that they work, that they are gone afterwards, and that they leave others alone."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from servers import HAProxy, Postgres, Redis, RedisCluster, RedisSentinel, RedisTls, ServerError, free_port, until
from with_servers import POSTGRES

CONFIGURATION = pathlib.Path(__file__).parents[1] / "deploy/haproxy.cfg"
SCRIPT = pathlib.Path(__file__).with_name("with_servers.py")
PROXY = """
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend pages
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string here
"""


def processes_of(mark: str) -> list[str]:
    """The command lines that name a folder."""
    lines = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if mark in line:
            lines.append(line)
    return lines


def told(port: int, path: str) -> tuple[int, str | None, bytes]:
    """The status, the media type and the text that a path is answered with."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()


def forgotten_memory() -> set[str]:
    """The segments of shared memory that no process is attached to any more."""
    rows = pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {fields[1] for fields in map(str.split, rows) if fields[6] == "0"}


class Databases(unittest.TestCase):
    def test_a_replica_streams_a_row_and_catches_up_after_a_crash_of_its_primary(self):
        with Postgres(POSTGRES["pgvector"], durable=False) as primary, primary.replica() as replica:
            def arrives(row: str) -> None:
                primary.query(f"INSERT INTO seen VALUES ('{row}')")
                until(lambda: row in replica.query("SELECT * FROM seen"), f"the row {row} did not arrive")

            primary.query("CREATE TABLE seen (row text)")
            until(lambda: replica.query("SELECT to_regclass('seen')"), "the table did not arrive")
            arrives("one")
            self.assertEqual(replica.query("SELECT pg_is_in_recovery()"), "t")
            primary.kill()
            primary.start()
            arrives("two")
            replica.kill()
            primary.query("INSERT INTO seen VALUES ('three')")
            replica.start()
            arrives("four")
            self.assertEqual(replica.query("SELECT count(*) FROM seen"), "4")

    def test_a_killed_server_leaves_no_process_no_folder_and_no_shared_memory(self):
        forgotten = forgotten_memory()
        for programs in POSTGRES.values():
            server = Postgres(programs, durable=False)
            with server:
                folder = server.folder.path
                self.assertGreater(len(processes_of(folder.name)), 3)
                server.kill()
                self.assertEqual(processes_of(folder.name), [])
                self.assertTrue(folder.exists())
            self.assertFalse(folder.exists())
        until(lambda: forgotten_memory() <= forgotten, "the shared memory did not go", 20)

    def test_only_those_with_the_password_come_in_and_only_from_this_machine(self):
        with Postgres(POSTGRES["postgres"], durable=False) as server:
            self.assertEqual(server.query("SELECT current_user || current_setting('listen_addresses')"),
                             "postgres127.0.0.1")
            server.password = "guessed"
            with self.assertRaisesRegex(ServerError, "password authentication failed"):
                server.query("SELECT 1")

    @unittest.skipIf(os.geteuid() != 0, "only root runs servers as somebody else")
    def test_programs_that_the_servers_user_cannot_reach_are_run_from_a_copy(self):
        with tempfile.TemporaryDirectory() as private:
            installed = pathlib.Path(private) / "postgres"
            shutil.copytree(POSTGRES["pgvector"].parent, installed, symlinks=True)
            with Postgres(installed / "bin", durable=False) as server:
                server.query("CREATE EXTENSION vector")
                self.assertEqual(server.query("SELECT '[1,2]'::vector <-> '[1,4]'"), "2")


class RedisServers(unittest.TestCase):
    def test_each_kind_answers(self):
        for kind in (Redis, RedisTls):
            with self.subTest(kind), kind() as server:
                self.assertEqual(server.ask("SET", "key", "value"), "OK")
                stranger = kind(password="", port=server.port)
                stranger.folder = server.folder
                self.assertIn("NOAUTH", stranger.ask("GET", "key"))

    def test_a_strict_client_trusts_the_authority_and_nobody_without_it_trusts_the_server(self):
        with RedisTls() as server:
            trusting = ssl.create_default_context(cafile=server.authority)
            trusting.verify_flags |= ssl.VERIFY_X509_STRICT
            for name in ("127.0.0.1", "localhost"):
                with socket.create_connection(("127.0.0.1", server.port)) as client:
                    with trusting.wrap_socket(client, server_hostname=name) as connection:
                        connection.sendall(b"PING\r\n")
                        self.assertIn(b"NOAUTH", connection.recv(100))
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    ssl.create_default_context().wrap_socket(client, server_hostname="localhost")

    def test_the_sentinel_names_the_replica_when_the_primary_is_gone(self):
        with RedisSentinel() as group:
            def primary_port() -> str:
                return group.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "voiceassist").splitlines()[-1]

            self.assertEqual(primary_port(), str(group.primary.port))
            group.primary.kill()
            until(lambda: primary_port() == str(group.replica.port), "the replica was not promoted")

    def test_the_cluster_takes_every_key(self):
        with RedisCluster() as cluster:
            for key in ("a", "b", "c", "d", "e"):
                self.assertIn("OK", cluster.servers[0].ask("-c", "SET", key, "value"))


class Ports(unittest.TestCase):
    def test_a_port_that_is_taken_is_left_alone(self):
        with socket.create_server(("127.0.0.1", 0)) as somebody:
            port = somebody.getsockname()[1]
            for server in (Postgres(POSTGRES["postgres"], port=port), Redis(port=port),
                           HAProxy(PROXY.format(port=port), port)):
                with self.subTest(server.name):
                    with self.assertRaisesRegex(ServerError, r"(?s)ended with exit code 1.*(?i:in use|cannot bind)"):
                        with server:
                            self.fail("it should not have come up")
            somebody.settimeout(0)
            with self.assertRaises(BlockingIOError, msg="nobody spoke to the one who was there first"):
                somebody.accept()

    def test_haproxy_answers_on_its_port(self):
        port = free_port()
        with HAProxy(PROXY.format(port=port), port) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                self.assertTrue(client.makefile().read().endswith("here"))
            self.assertIn("pages,FRONTEND", proxy.ask("show stat"))


    def test_where_no_gateway_is_left_programs_get_a_problem_document_and_people_a_page(self):
        port = free_port()
        addresses = {"LISTEN": port, "GATEWAY_1": free_port(), "GATEWAY_2": free_port()}
        settings = [f'    setenv VOICEASSIST_{name} "127.0.0.1:{port}"\n' for name, port in addresses.items()]
        with HAProxy("global\n" + "".join(settings) + CONFIGURATION.read_text(), port) as proxy:
            # Both gateways, and with them all that there is behind the frontend.
            until(lambda: proxy.ask("show stat").count(",DOWN,") == 3, "HAProxy did not see that no gateway is there")
            status, kind, text = told(port, "/api/chat")
            self.assertEqual((status, kind, json.loads(text)["status"]), (503, "application/problem+json", 503))
            status, kind, _ = told(port, "/")
            self.assertEqual((status, kind), (503, "text/html"))


class Runs(unittest.TestCase):
    """The whole script, with the servers' folders in a folder of the test."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="run-")))
        self.folder.chmod(0o755)
        self.marks = set()
        self.forgotten = forgotten_memory()

    def run_with(self, *arguments: str) -> subprocess.Popen:
        run = subprocess.Popen([SCRIPT, *arguments], env={**os.environ, "TMPDIR": str(self.folder)}, text=True,
                               stdout=subprocess.PIPE)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.terminate)
        return run

    def processes(self) -> list[str]:
        """The command lines of the run's servers. One that was seen is looked for after its folder is gone."""
        self.marks |= {folder.name for folder in self.folder.iterdir()}
        return [line for mark in self.marks for line in processes_of(mark)]

    def assert_nothing_is_left(self):
        until(lambda: not self.processes(), "the processes did not end", 20)
        until(lambda: not list(self.folder.iterdir()), "the folders did not go", 20)
        until(lambda: forgotten_memory() <= self.forgotten, "the shared memory did not go", 20)

    def test_the_versions_are_printed_and_the_addresses_and_the_exit_code_handed_on(self):
        run = self.run_with("sh", "-c", "env; exit 7")
        told = run.stdout.read()
        self.assertEqual(run.wait(), 7)
        for version in (r"PostgreSQL 15\.\d+ on", r"PostgreSQL 18\.\d+ with pgvector 0\.\d+\.\d+ on",
                        r"PostgreSQL 18.*, replica of .*, on", r"Redis \d+\.\d+\.\d+ on", r"Redis over TLS \d",
                        r"Redis Sentinel \d", r"Redis \d\S+ as a cluster on"):
            self.assertRegex(told, f"(?m)^{version}")
        variables = dict(re.findall(r"(?m)^VOICEASSIST_TEST_(\w+)=(.+)$", told))
        self.assertLessEqual({"POSTGRES", "POSTGRES_BIN", "PGVECTOR", "PGVECTOR_BIN", "PGVECTOR_REPLICA", "REDIS",
                              "REDIS_TLS", "REDIS_TLS_CA", "REDIS_SENTINEL", "REDIS_CLUSTER"}, set(variables))
        self.assert_nothing_is_left()

    def test_nothing_is_left_when_the_run_is_ended(self):
        command = f"echo begun; exec -a 'sleep {self.folder.name}' sleep 600"
        for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(ending):
                run = self.run_with("--without", "postgres", "--without", "redis-cluster", "bash", "-c", command)
                while run.stdout.readline() != "begun\n":
                    self.assertIsNone(run.poll())
                self.assertGreater(len(self.processes()), 10)
                run.send_signal(ending)
                run.wait()
                self.assert_nothing_is_left()
                until(lambda: not processes_of(self.folder.name), "the command did not end", 20)

    def test_nothing_is_left_when_it_is_ended_while_the_servers_come_up(self):
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(ending):
                run = self.run_with("true")
                until(lambda: len(self.processes()) > 3, "no server was launched")
                run.send_signal(ending)
                self.assertEqual(run.wait(), 128 + ending if ending == signal.SIGTERM else -ending)
                self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
