"""Counts the steps of this process that others can see, and dies at one of them.

A step is a commit, a statement that writes without a transaction, a call of the network, or a write to the
journal. None has to be named in the program, so a step that somebody adds later is met by itself.
"""

import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Any

from django.db import connection

WRITES = ("INSERT", "UPDATE", "DELETE", "COPY")


class Steps:
    """The steps from `arm` on; at number `die_at`, from 1, the process is killed as by `kill -9`."""

    def __init__(self, die_at: int | None = None) -> None:
        self.die_at = die_at
        self.names: list[str] = []

    def point(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.point(f"before {name}")
            result = do(*arguments, **named)
            self.point(f"after {name}")
            return result

        return watched

    def arm(self) -> None:
        """Only ever in a process that ends soon: it is not taken back."""
        connection.ensure_connection()
        connection.execute_wrappers.append(self._statement)
        for owner, name in (
            (connection, "commit"),
            (socket.socket, "connect"),
            (socket.socket, "sendall"),
            (socket.socket, "recv_into"),
            (os, "write"),
            (os, "fsync"),
        ):
            setattr(owner, name, self.around(name, getattr(owner, name)))

    def _statement(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        words = str(sql).split(None, 1)
        if context["connection"].in_atomic_block or not words or words[0] not in WRITES:
            return execute(sql, params, many, context)
        return self.around("a write of its own", execute)(sql, params, many, context)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_request(moment: str) -> None:
    """Be killed at a moment of the next request of this process. Only ever in one that ends soon.

    `connect`: before its connection. `first byte`: before anything of it is written. `body`: with half of it
    written. `answer`: when its answer is there and was not read.
    """
    send, receive = socket.socket.sendall, socket.socket.recv_into

    def sendall(sock: socket.socket, data: Any, *more: Any) -> None:
        if moment == "first byte":
            die()
        if moment == "body" and not bytes(data[:5]).startswith(b"POST "):
            send(sock, data[: len(data) // 2])
            die()
        send(sock, data, *more)

    def recv_into(sock: socket.socket, *arguments: Any) -> int:
        select.select([sock], [], [], 20)
        die()
        return receive(sock, *arguments)

    if moment == "connect":
        socket.socket.connect = lambda *_: die()  # type: ignore[method-assign]
    elif moment == "answer":
        socket.socket.recv_into = recv_into  # type: ignore[assignment, method-assign]
    else:
        socket.socket.sendall = sendall  # type: ignore[assignment, method-assign]
