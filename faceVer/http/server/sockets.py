"""Listening sockets."""

from __future__ import annotations

import errno
import ipaddress
import socket

from faceVer.domain.errors import SetupError
from faceVer.settings.model import Settings

BACKLOG = 1024
"""Connections the kernel queues for a busy server."""


def listen(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of the host; host "" = all addresses. Raises OSError."""
    found: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(infos):
            if not host and family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
                continue
            sock = socket.socket(family)
            found.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
            sock.setblocking(False)
    except UnicodeError as error:  # not a host name
        raise OSError(0, "no such host") from error
    except OSError:
        for sock in found:
            sock.close()
        raise
    return found


def try_port(settings: Settings) -> None:
    """Listen on the port, and close it again. Raises OSError."""
    for sock in listen(settings.server.host, settings.server.port):
        sock.close()


def cannot_listen(settings: Settings, error: OSError) -> SetupError:
    """The error of a port that cannot be used; where another process has it, with a way out."""
    hint = "; choose another with --port (PORT= for make serve)" if error.errno == errno.EADDRINUSE else ""
    return SetupError(f"cannot listen on {settings.server.host}:{settings.server.port}: {error.strerror}{hint}")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
