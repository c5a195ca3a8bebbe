"""Requests to addresses that others gave: what is asked, what is refused, and what a bad server can do."""

import gzip
import socket
import threading
import time
from collections.abc import Callable

import pytest

from connecticard import outbound
from connecticard.outbound import Limits, OutboundFailed, Reason

QUICK = Limits(seconds=0.4, body=1000, redirects=2)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def loopback(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def server(loopback):
    """Return what makes a server of a function from a connection; it gives the server's address."""
    listening = []

    def serve(answer: Callable[[socket.socket, bytes], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)

        def listen() -> None:
            while True:
                try:
                    connected, _ = listener.accept()
                except OSError:
                    return
                with connected:
                    try:
                        answer(connected, connected.recv(65536))
                    except OSError:
                        continue

        threading.Thread(target=listen, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listening:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def says(*pieces: bytes, wait: float = 0):
    def answer(connected, asked):
        for piece in pieces:
            connected.sendall(piece)
            time.sleep(wait)

    return answer


def why(address, **kwargs):
    with pytest.raises(OutboundFailed) as failed:
        outbound.request("GET", address, **({"limits": QUICK} | kwargs))
    return failed.value


def test_an_answer_comes_with_status_type_and_body(server):
    answer = outbound.request("GET", server(says(HEAD + b"Content-Length: 2\r\n\r\n{}")))

    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b"{}")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[fec0::1]",
        "192.0.2.1",
        "[::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::a00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f.1",
    ],
)
def test_what_is_not_of_the_public_internet_is_refused(host):
    assert why(f"https://{host}/").reason is Reason.ADDRESS


@pytest.mark.parametrize(
    "address",
    ["ftp://example.org/", "https://", "https://a:b@example.org/", "//example.org/", "https://e.org/ x", "x"],
)
def test_what_is_no_web_address_is_refused(address):
    assert why(address).reason is Reason.ADDRESS


def test_the_address_that_was_looked_at_is_the_one_connected_to(monkeypatch):
    """A name that leads elsewhere the second time it is asked for does not matter: it is asked for once."""
    asked, connected_to = [], []

    def resolve(host, port, **kwargs):
        asked.append(host)
        first = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (first, port))]

    def connect(address, timeout):
        connected_to.append(address)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)

    assert why("https://library.example/").reason is Reason.UNREACHABLE
    assert (asked, connected_to) == (["library.example"], [("93.184.215.14", 443)])


def test_a_name_of_which_one_address_is_private_is_refused(monkeypatch):
    addresses = ["93.184.215.14", "10.0.0.1"]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, **kwargs: [(socket.AF_INET, 1, 6, "", (each, port)) for each in addresses],
    )

    assert why("https://library.example/").reason is Reason.ADDRESS


def test_a_slow_resolver_takes_no_longer_than_the_exchange(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(0.4) or [])

    assert why("https://library.example/", limits=Limits(seconds=0.1)).reason is Reason.TIME


def test_plain_http_is_refused_on_the_public_internet():
    assert "https://" in str(why("http://93.184.215.14/"))


def test_a_redirect_is_looked_at_like_the_first_address(server, settings):
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\n\r\n"

    assert why(server(says(redirect))).reason is Reason.ADDRESS


def test_a_redirect_elsewhere_takes_no_secret_along(server):
    heard = []

    def last(connected, asked):
        heard.append(asked)
        connected.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    def first(connected, asked):
        heard.append(asked)
        connected.sendall(b"HTTP/1.1 307 Moved\r\nLocation: " + there.encode() + b"\r\n\r\n")

    there = server(last)
    answer = outbound.request("GET", server(first), secret_headers={"Authorization": "Bearer secret"})

    assert answer.address == there
    assert [b"Bearer secret" in asked for asked in heard] == [True, False]


def test_a_circle_of_redirects_ends(server):
    assert why(server(says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"))).reason is Reason.REDIRECTS


def test_no_redirect_is_followed_where_none_is_allowed(server):
    address = server(says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"))

    assert why(address, limits=Limits(redirects=0)).reason is Reason.REDIRECTS


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", HEAD + b"Content-Length: 900\r\n\r\n"]
)
def test_a_server_that_drips_is_left(server, begun):
    address = server(says(begun, *[b"x"] * 60, wait=0.05))

    began = time.monotonic()

    assert why(address).reason is Reason.TIME
    assert time.monotonic() - began < 2


def test_a_body_that_is_announced_too_large_is_not_read(server):
    assert why(server(says(HEAD + b"Content-Length: 5000000\r\n\r\n"))).reason is Reason.SIZE


@pytest.mark.parametrize("header", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_is_limited_as_it_comes(server, header):
    piece = b"x" * 900
    piece = b"384\r\n" + piece + b"\r\n" if header else piece

    assert why(server(says(HEAD + header + b"\r\n", piece, piece))).reason is Reason.SIZE


@pytest.mark.parametrize(
    "said",
    [
        b"",
        HEAD + b"Content-Length: 50\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n32\r\n{}",
    ],
)
def test_an_answer_that_breaks_off_is_none(server, said):
    assert why(server(says(said))).reason is Reason.BROKEN


def test_a_compressed_answer_is_not_unpacked(server):
    bomb = gzip.compress(b"0" * 1_000_000)[:900]
    header = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    assert why(server(says(header + bomb))).reason is Reason.TYPE


def test_an_answer_of_another_type_is_refused(server):
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n<"

    assert "text/html" in str(why(server(says(page)), accepts=["application/json"]))


def test_of_a_refusal_of_another_type_the_status_is_told(server):
    page = b"HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n<"

    answer = outbound.request("GET", server(says(page)), accepts=["application/json"])

    assert (answer.status, answer.body) == (503, b"")


def test_an_address_is_refused_when_it_is_entered(settings):
    for address in ("http://example.org/", "https://10.0.0.1/", "https://printer.local/", "example.org"):
        with pytest.raises(OutboundFailed):
            outbound.refuse_address(address)

    outbound.refuse_address("https://ils.example.org/harvest")
