"""Private throw-away servers for tests, benches and drills.

Each one listens on a free port of 127.0.0.1 only, keeps everything in a temporary folder of its own, and never touches
a server that runs already. `launch` returns at once, so that several can come up side by side; `wait` returns when the
server answers; `start` is both, and so is a `with` block. `kill` ends it as a crash would and keeps its data, so that
it can be launched again; `stop` ends it and removes the folder.

A server dies with the thread that launched it, whatever ends that thread: launch from the main thread. A program that
uses servers calls `exit_on_signals` first.
"""

from .haproxy import HAProxy
from .postgres import Postgres
from .process import ServerError, exit_on_signals, free_port, until
from .redis import Redis, RedisCluster, RedisSentinel, RedisTls

__all__ = ["HAProxy", "Postgres", "Redis", "RedisCluster", "RedisSentinel", "RedisTls", "ServerError",
           "exit_on_signals", "free_port", "until"]
