"""Serving the pages: the socket, the links that are printed, and uvicorn."""

import errno
import ipaddress
import socket
from typing import TYPE_CHECKING

from files.errors import UsageError
from files.platform import WINDOWS

if TYPE_CHECKING:
    from starlette.applications import Starlette


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        host: address, or name, of this machine.
        port: to listen at; 0 takes any that is free.

    Raises:
        UsageError: the port is in use or may not be used, or the host is not this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise UsageError(
            f"--host is {host!r:.60}, which is not an address of this machine. Give 127.0.0.1 for this "
            "machine alone, or 0.0.0.0 for all networks that it is in."
        ) from None
    family, kind, protocol, _, address = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        if not WINDOWS:  # where it would let two programs have one port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise _cannot_listen(host, port, error) from None
    return opened


def _cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"--port is {port}, which another program uses at {host}. Stop that one, or give another "
            "--port."
        )
    if error.errno == errno.EACCES:
        return UsageError(
            f"--port is {port}, which this user may not listen at. Give a --port of 1024 or more."
        )
    return UsageError(
        f"cannot listen at {host}, port {port} ({error.strerror}). Give another --host or --port."
    )


def is_this_machine_alone(listening: socket.socket) -> bool:
    """Whether no other machine can reach a listening socket."""
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def link(listening: socket.socket, key: str) -> str:
    """The address to open, with the key where it needs one."""
    host, port = listening.getsockname()[:2]
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        address = ipaddress.ip_address(_own_address())
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"http://{shown}:{port}/{f'?key={key}' if key else ''}"


def _own_address() -> str:
    """This machine's address in its network. Nothing is sent: the system only looks up the way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation, which nobody has
            return probe.getsockname()[0]
        except OSError:  # it is in no network
            return "127.0.0.1"


def serve(app: "Starlette", listening: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects could write them
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listening])
