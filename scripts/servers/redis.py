"""Redis: alone, over TLS, behind Sentinel, as a cluster."""

import pathlib
import secrets
import shlex
import subprocess

from .process import ENVIRONMENT, HOST, Group, Server, ServerError, as_user, until

SERVICE = "voiceassist"


class Redis(Server):
    """Redis without persistence, with a random password unless one is given; an empty one means none."""

    scheme = "redis"

    def __init__(self, *, password: str | None = None, settings: dict[str, str] | None = None, port: int | None = None):
        super().__init__(port)
        self.name = "Redis"
        self.password = secrets.token_hex(16) if password is None else password
        self.settings = {"bind": HOST, "port": self.port, "save": '""', "appendonly": "no",
                         # A replica is served at once.
                         "repl-diskless-sync-delay": "0",
                         # The arguments stay, which name the folder.
                         "set-proc-title": "no", **(settings or {})}

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.credentials()}{HOST}:{self.port}"

    def credentials(self) -> str:
        return f":{self.password}@" if self.password else ""

    def prepare(self) -> None:
        settings = {"dir": f'"{self.folder.path}"', "unixsocket": f'"{self.path("socket")}"', **self.settings}
        if self.password:
            settings["requirepass"] = self.password
        self.folder.write("redis.conf", "".join(f"{key} {value}\n" for key, value in settings.items()))

    def script(self) -> str:
        return f"exec redis-server {shlex.quote(str(self.path('redis.conf')))}"

    def ask(self, *words: str) -> str:
        """The answer to a command, as redis-cli prints it."""
        return self._cli("-h", HOST, "-p", str(self.port), *self.client_options(), *words)

    def _cli(self, *arguments: str) -> str:
        environment = {**ENVIRONMENT, **({"REDISCLI_AUTH": self.password} if self.password else {})}
        done = subprocess.run(["redis-cli", *arguments], env=environment, text=True, capture_output=True, timeout=30)
        return done.stdout.strip()

    def client_options(self) -> list[str]:
        return []

    def info(self) -> dict[str, str]:
        """What the server says about itself."""
        return _fields(self.ask("INFO"))

    def is_ready(self) -> bool:
        # By way of its folder: on its port, a stranger could hear the password.
        told = _fields(self._cli("-s", str(self.path("socket")), "INFO"))
        return told.get("process_id") == str(self.process.pid)

    def version(self) -> str:
        return f"{self.name} {self.info()['redis_version']}"


def _fields(told: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in told.splitlines() if ":" in line)


class RedisTls(Redis):
    """Redis that speaks TLS only; `authority` is the file of the certificate to trust."""

    scheme = "rediss"

    def __init__(self, *, password: str | None = None, port: int | None = None):
        super().__init__(password=password, port=port)
        self.name = "Redis over TLS"

    @property
    def authority(self) -> pathlib.Path:
        return self.path("authority.pem")

    def prepare(self) -> None:
        self._certify()
        self.settings |= {"port": 0, "tls-port": self.port, "tls-auth-clients": "no",
                          "tls-cert-file": f'"{self.path("server.pem")}"',
                          "tls-key-file": f'"{self.path("server.key")}"',
                          "tls-ca-cert-file": f'"{self.authority}"'}
        super().prepare()

    def _certify(self) -> None:
        """An authority of its own, and the server's certificate by it."""
        request = ["req", "-config", "/dev/null", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for arguments in (
            [*request, "-x509", "-days", "30", "-subj", "/CN=throw-away authority", "-keyout", "authority.key",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
             "-addext", "subjectKeyIdentifier=hash", "-out", "authority.pem"],
            [*request, "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST},DNS:localhost",
             "-addext", "extendedKeyUsage=serverAuth", "-keyout", "server.key", "-out", "server.csr"],
            ["x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
             "-days", "30", "-copy_extensions", "copyall", "-out", "server.pem"],
        ):
            command = as_user("--", "openssl", *arguments)
            done = subprocess.run(command, cwd=self.folder.path, env=ENVIRONMENT, text=True, capture_output=True)
            if done.returncode != 0:
                raise ServerError(f"{self.name}: openssl {arguments[0]}: {done.stderr.strip()}")

    def client_options(self) -> list[str]:
        return ["--tls", "--cacert", str(self.authority)]


class _Sentinel(Redis):
    """The process that watches a primary and names it to those who ask."""

    def __init__(self, primary: Redis):
        super().__init__(password=primary.password)
        self.name = "Redis Sentinel"
        # It takes few of the settings of a database.
        self.settings = {"bind": HOST, "port": self.port,
                         f"sentinel monitor {SERVICE}": f"{HOST} {primary.port} 1",
                         f"sentinel auth-pass {SERVICE}": primary.password,
                         f"sentinel down-after-milliseconds {SERVICE}": 1000,
                         f"sentinel failover-timeout {SERVICE}": 3000}

    def script(self) -> str:
        return f"{super().script()} --sentinel"


class RedisSentinel(Group):
    """A primary and a replica, one of which a sentinel names as the primary."""

    def __init__(self):
        self.primary = Redis()
        self.replica = Redis(password=self.primary.password, settings={
            "replicaof": f"{HOST} {self.primary.port}", "masterauth": self.primary.password})
        # A primary that comes back follows the one that took its place.
        self.primary.settings["masterauth"] = self.primary.password
        self.sentinel = _Sentinel(self.primary)
        self.servers = [self.primary, self.replica, self.sentinel]

    @property
    def url(self) -> str:
        return (f"redis-sentinel://{self.sentinel.credentials()}{HOST}:{self.sentinel.port}"
                f"?sentinelServiceName={SERVICE}&sentinelPassword={self.sentinel.password}")

    def launch(self) -> None:
        self.primary.launch()
        self.replica.launch()

    def wait(self) -> None:
        self.primary.wait()
        self.replica.wait()
        self.replica.until(lambda: self.replica.info().get("master_link_status") == "up",
                           "the replica of Redis did not reach its primary")
        # A sentinel looks for replicas when it meets the primary, and then only every ten seconds.
        self.sentinel.launch()
        self.sentinel.wait()
        self.sentinel.until(lambda: "slaves=1" in self.sentinel.info().get("master0", ""),
                            "Redis Sentinel did not find the replica")

    def __str__(self) -> str:
        return f"{self.sentinel} for {HOST}:{self.primary.port} and its replica {HOST}:{self.replica.port}"


class RedisCluster(Group):
    """Three nodes that share the keys."""

    def __init__(self):
        password = secrets.token_hex(16)
        settings = {"cluster-enabled": "yes", "cluster-node-timeout": "2000", "masterauth": password}
        self.servers = [Redis(password=password, settings=settings) for _ in range(3)]

    @property
    def url(self) -> str:
        first, *others = self.servers
        nodes = "&".join(f"node={HOST}:{node.port}" for node in others)
        return f"redis-cluster://{first.credentials()}{HOST}:{first.port}?{nodes}"

    def wait(self) -> None:
        super().wait()
        first = self.servers[0]
        if first.info().get("cluster_enabled") != "1":
            raise ServerError("this Redis knows no cluster")
        told = first.ask("--cluster", "create", *(f"{HOST}:{node.port}" for node in self.servers), "--cluster-yes")
        for node in self.servers:
            until(lambda: "cluster_state:ok" in node.ask("CLUSTER", "INFO"),
                  f"the cluster of Redis did not form; redis-cli says:\n{told}\n")

    def __str__(self) -> str:
        nodes = ", ".join(f"{HOST}:{node.port}" for node in self.servers)
        return f"{self.servers[0].version()} as a cluster on {nodes}"
