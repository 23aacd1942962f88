"""HAProxy, the load balancer."""

import shlex
import socket

from .process import HOST, Server

GLOBAL = """\
global
    stats socket {socket} mode 600 level admin
    log stdout format raw daemon notice

"""


class HAProxy(Server):
    """HAProxy with the given configuration, less its section `global`. A frontend of it binds to 127.0.0.1 and the
    port that is given as well."""

    def __init__(self, configuration: str, port: int):
        super().__init__(port)
        self.name = "HAProxy"
        self.configuration = configuration

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        self.folder.write("haproxy.cfg", GLOBAL.format(socket=self.path("admin")) + self.configuration)

    def script(self) -> str:
        return f"exec haproxy -db -f {shlex.quote(str(self.path('haproxy.cfg')))}"

    def ask(self, command: str) -> str:
        """The answer of the running HAProxy to a command such as `show stat`; nothing while it does not answer."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(self.path("admin")))
                connection.sendall(command.encode() + b"\n")
                with connection.makefile() as answer:
                    return answer.read().strip()
        except (FileNotFoundError, ConnectionError):
            return ""

    def info(self) -> dict[str, str]:
        lines = self.ask("show info").splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def is_ready(self) -> bool:
        return self.info().get("Pid") == str(self.process.pid)

    def version(self) -> str:
        return f"HAProxy {self.info()['Version']}"
