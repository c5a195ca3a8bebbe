"""Requests to addresses that others gave us: a consortium's system, a subscriber of a webhook.

Whoever gives an address could have this server ask in its place what only this server can reach. So a host
is resolved once, each of its addresses is looked at, and the connection is made to the very address that was
looked at; a redirect begins all of it anew. Only addresses of the public internet are asked, and only by
HTTPS, unless the setting OUTBOUND_ALLOWED_NETWORKS names their network. No proxy and no .netrc of the
machine plays a part.

One clock limits the whole exchange, from the name to the last byte, so that a server that drips cannot hold
a worker; the size of the body is limited as it comes, whatever its header says of it.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# They carry an IPv4 address inside, which need not be one of the public internet
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reason(StrEnum):
    """Why an exchange failed, as a word for programs."""

    ADDRESS = "address_refused"
    UNREACHABLE = "unreachable"
    TIME = "too_slow"
    SIZE = "too_large"
    BROKEN = "broken_off"
    TYPE = "wrong_type"
    REDIRECTS = "too_many_redirects"


class OutboundFailed(Exception):
    """There is no answer to use; `reason` says why to programs, the text to people."""

    def __init__(self, reason: Reason, words: str):
        self.reason = reason
        super().__init__(words)

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a while later."""
        return self.reason not in (Reason.ADDRESS, Reason.REDIRECTS)


@dataclass(frozen=True)
class Limits:
    """What one exchange may take: seconds in all, redirects included; bytes of the body; redirects."""

    seconds: float = 30
    body: int = 5_000_000
    redirects: int = 3


@dataclass(frozen=True)
class Answer:
    """What a server answered; `address` is where it was found after redirects, header names are small."""

    address: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The type of the body without its parameters, in small letters."""
        return _plain_type(self.headers.get("content-type", ""))


class _Clock:
    """The time that is left of an exchange."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; OutboundFailed where there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.is_up()
        return left

    def is_up(self) -> OutboundFailed:
        return OutboundFailed(Reason.TIME, f"The answer was not complete within {self._seconds:g} seconds.")


def request(
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    secret_headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    accepts: Collection[str] | None = (),
    limits: Limits | None = None,
) -> Answer:
    """Ask an address of others and return the answer, whatever its status.

    `secret_headers` go to the given host alone and not along with a redirect to another. `accepts` are the
    content types of which a body is read, all where empty; a successful answer of another type is refused,
    and of an unsuccessful one only the status is told. None: no body is read. Raises OutboundFailed.
    """
    limits = limits or Limits()
    clock = _Clock(limits.seconds)
    first = _parts(address)
    here = first
    for _ in range(limits.redirects + 1):
        sent = {"User-Agent": "Connecticard", "Accept-Encoding": "identity", "Connection": "close"}
        sent |= dict(headers or {})
        if _origin(here) == _origin(first):
            sent |= dict(secret_headers or {})
        answer, leads_to = _exchange(method, here, sent, body, accepts, limits, clock)
        if leads_to is None:
            return answer
        if limits.redirects == 0:
            raise OutboundFailed(
                Reason.REDIRECTS, "The address answers with a redirect. Give the address it leads to."
            )
        here = _parts(urljoin(here.geturl(), leads_to))
    raise OutboundFailed(
        Reason.REDIRECTS, f"The address led on to others more than {limits.redirects} times."
    )


def refuse_address(address: str) -> None:
    """Raise OutboundFailed where an address could never be asked, without asking anybody about its host."""
    parts = _parts(address)
    host = parts.hostname or ""
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
            if not _allowed_networks():
                raise _not_public() from None
        elif parts.scheme != "https" and not _allowed_networks():
            raise _not_encrypted() from None
    else:
        _look_at(literal, parts.scheme)


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as problem:
        raise OutboundFailed(Reason.ADDRESS, "This is no complete web address.") from problem
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise OutboundFailed(Reason.ADDRESS, "This is no complete web address. Begin it with https://")
    if parts.username is not None or parts.password is not None:
        raise OutboundFailed(
            Reason.ADDRESS, "Leave name and password out of the address: they would be shown with it."
        )
    if not address.isascii() or any(letter <= " " or letter == "\x7f" for letter in address):
        raise OutboundFailed(
            Reason.ADDRESS, "Write the address without blanks and other signs that must be encoded."
        )
    return parts._replace(fragment="")


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, _port(parts)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


# Where a name leads


def _resolve(host: str, port: int, clock: _Clock) -> list[Address]:
    """Return the addresses of a host; its resolver is given no more time than the exchange has."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(clock.left())
    if asking.is_alive():
        raise clock.is_up()
    addresses = list(dict.fromkeys(ipaddress.ip_address(each[4][0].partition("%")[0]) for each in found))
    if not addresses:
        raise OutboundFailed(Reason.UNREACHABLE, f"No server is known by the name {host}.")
    return addresses


def _look_at(address: Address, scheme: str) -> None:
    """Refuse an address that is not of the public internet, or that would be asked without encryption."""
    if any(address in network for network in _allowed_networks()):
        return
    if not _is_public(address):
        raise _not_public()
    if scheme != "https":
        raise _not_encrypted()


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address.is_site_local or address.teredo or any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _not_public() -> OutboundFailed:
    return OutboundFailed(
        Reason.ADDRESS,
        "The address leads to a private network or to this machine. Give one that is reached on the public "
        "internet.",
    )


def _not_encrypted() -> OutboundFailed:
    return OutboundFailed(Reason.ADDRESS, "The address is not encrypted. Give one that begins with https://")


def _allowed_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(network) for network in settings.OUTBOUND_ALLOWED_NETWORKS]


def _connect(parts: SplitResult, clock: _Clock) -> socket.socket:
    """Return a connection to an address of the host that was looked at."""
    host, port = parts.hostname or "", _port(parts)
    addresses = _resolve(host, port, clock)
    for address in addresses:
        _look_at(address, parts.scheme)
    problem: OSError | None = None
    for address in addresses:
        try:
            connected = socket.create_connection((str(address), port), timeout=clock.left())
            break
        except OSError as failed:
            problem = failed
    else:
        raise OutboundFailed(Reason.UNREACHABLE, f"{host} cannot be reached: {_said(problem)}.") from problem
    if parts.scheme != "https":
        return connected
    try:
        connected.settimeout(clock.left())
        return _tls().wrap_socket(connected, server_hostname=host)
    except BaseException:
        connected.close()
        raise


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


# What is said


class _TimedReader(io.RawIOBase):
    """Reads from a connection as long as the exchange has time."""

    def __init__(self, connected: socket.socket, clock: _Clock):
        self._connected, self._clock = connected, clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(self._clock.left())
        return self._connected.recv_into(buffer)


class _TimedConnection:
    """As much of a socket as http.client uses."""

    def __init__(self, connected: socket.socket, clock: _Clock):
        self._connected, self._clock = connected, clock

    def sendall(self, data: Any) -> None:
        self._connected.settimeout(self._clock.left())
        self._connected.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._connected, self._clock), _CHUNK)

    def close(self) -> None:
        """Leave it open: http.client lets go of a connection before the body was read."""


def _exchange(
    method: str,
    parts: SplitResult,
    headers: Mapping[str, str],
    body: bytes | None,
    accepts: Collection[str] | None,
    limits: Limits,
    clock: _Clock,
) -> tuple[Answer, str | None]:
    """Return the answer of one address, or where it leads on to."""
    host = parts.hostname or ""
    try:
        with _connect(parts, clock) as connected:
            connection = http.client.HTTPConnection(host, _port(parts))
            connection.sock = _TimedConnection(connected, clock)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body=body, headers={"Host": parts.netloc, **headers})
            response = connection.getresponse()
            said = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(parts.geturl(), response.status, said, b"")
            if response.status in _REDIRECTS and "location" in said:
                return answer, said["location"]
            if accepts is None or not _is_read(answer, accepts):
                return answer, None
            return replace(answer, body=_body(response, limits)), None
    except TimeoutError as problem:
        raise clock.is_up() from problem
    except ssl.SSLError as problem:
        why = getattr(problem, "verify_message", "") or problem.reason or "the encryption failed"
        raise OutboundFailed(
            Reason.UNREACHABLE, f"{host} cannot be reached over an encrypted connection: {why}."
        ) from problem
    except (http.client.HTTPException, OSError, ValueError) as problem:
        raise OutboundFailed(
            Reason.BROKEN, f"{host} broke off, or did not answer as a web server does: {_said(problem)}."
        ) from problem


def _is_read(answer: Answer, accepts: Collection[str]) -> bool:
    if not accepts or answer.content_type in accepts:
        return True
    if answer.status >= 400:
        return False
    raise OutboundFailed(
        Reason.TYPE,
        f"The answer is of the type {answer.content_type or 'unknown'}, not {' or '.join(sorted(accepts))}.",
    )


def _body(response: http.client.HTTPResponse, limits: Limits) -> bytes:
    """Return the body, whole and not larger than allowed, whatever its header says."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise OutboundFailed(
            Reason.TYPE, "The answer is compressed, though an answer as it is was asked for."
        )
    if response.length is not None and response.length > limits.body:
        raise _too_large(limits)
    read = bytearray()
    while chunk := response.read(min(_CHUNK, limits.body + 1 - len(read))):
        read += chunk
        if len(read) > limits.body:
            raise _too_large(limits)
    if response.length:
        raise OutboundFailed(
            Reason.BROKEN,
            f"The answer broke off: {response.length:,} bytes of what it announced are missing.",
        )
    return bytes(read)


def _too_large(limits: Limits) -> OutboundFailed:
    return OutboundFailed(Reason.SIZE, f"The answer is larger than {limits.body:,} bytes.")


def _plain_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _said(problem: BaseException | None) -> str:
    words = getattr(problem, "strerror", None) or str(problem or "") or type(problem).__name__
    return str(words)[:200]
