"""Pictures from the web: within limits, and never from behind the firewall."""

import contextlib
import io
import ipaddress
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import PIL.Image
import pytest

from ocrkit.errors import ImageError
from ocrkit.inputs import _web, find, pictures


def picture():
    data = io.BytesIO()
    PIL.Image.new("RGB", (30, 20), (1, 2, 3)).save(data, "PNG")
    return data.getvalue()


class Handler(BaseHTTPRequestHandler):
    """What the paths of the test server answer."""

    def do_GET(self):
        route, _, argument = self.path[1:].partition("/")
        answer = getattr(self, f"_{route.partition('.')[0]}", None)
        if answer is None:
            self._reply(404)
        else:
            answer(argument)

    def _reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _sign(self, _):
        self.server.hosts.append(self.headers["Host"])
        self._reply(200, picture())

    def _to(self, place):
        self._reply(302, Location=place)

    def _hop(self, count):
        self._to(f"/hop/{int(count) - 1}" if int(count) else "/sign.png")

    def _boasts(self, _):
        self._reply(200, Content_Length="999999999999")

    def _floods(self, _):
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 10_000)
            self.server.sent += 10_000

    def _drips(self, _):
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def _sleeps(self, _):
        self.server.awake.wait(10)

    def handle(self):
        with contextlib.suppress(OSError):  # the client has had enough
            super().handle()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.hosts, running.sent, running.awake = [], 0, threading.Event()
        running.url = f"http://127.0.0.1:{running.server_port}"
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.awake.set()
        running.shutdown()


def fails(url, message, **options):
    (one,) = pictures(url, **{"allow_private": True, **options})
    with pytest.raises(ImageError, match=message) as caught:
        one.load()
    assert str(caught.value).startswith(f"{url}: ")
    assert "\n" not in str(caught.value)


def test_a_picture_is_fetched(server):
    url = f"{server.url}/sign.png?size=9"
    (one,) = pictures([url], allow_private=True)
    assert (one.name, one.pages) == (url, 1)
    assert one.load().shape == (20, 30, 3)
    assert server.hosts[-1] == f"127.0.0.1:{server.server_port}"


def test_a_host_is_asked_by_its_name(server):
    (one,) = pictures(f"http://localhost:{server.server_port}/sign.png", allow_private=True)
    assert one.load().shape == (20, 30, 3)
    assert server.hosts[-1] == f"localhost:{server.server_port}"


def test_private_servers_are_refused(server):
    before = list(server.hosts)
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "2130706433", "[::1]", "[::ffff:127.0.0.1]"):
        url = f"http://{host}:{server.server_port}/sign.png"
        fails(url, "of a private network; give --allow-private", allow_private=False)
    assert server.hosts == before


def test_redirections_to_private_servers_are_refused_always(server):
    before = list(server.hosts)
    for place in (
        f"http://localhost:{server.server_port}/sign.png",
        f"//localhost:{server.server_port}/sign.png",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[fd00::1]/",
    ):
        fails(f"{server.url}/to/{place}", "of a private network; redirections to such are not")
    assert server.hosts == before


def test_redirections_off_the_web_are_refused(server):
    for place in ("file:///etc/passwd", "ftp://example.org/a.png"):
        fails(f"{server.url}/to/{place}", "which is not on the web")


def test_five_redirections_are_followed(server):
    (one,) = pictures(f"{server.url}/hop/4", allow_private=True)
    assert one.load().shape == (20, 30, 3)
    fails(f"{server.url}/hop/5", "was redirected more than 5 times$")


def test_too_much_is_refused_by_its_header_and_as_it_comes(server, monkeypatch):
    monkeypatch.setattr(_web, "MAX_BYTES", 50_000)
    fails(f"{server.url}/boasts", r"is larger than 0\.05 MB; fetch it yourself")
    fails(f"{server.url}/floods", r"is larger than 0\.05 MB; fetch it yourself")
    assert server.sent < 10_000_000


def test_silent_and_slow_servers_are_given_up(server, monkeypatch):
    monkeypatch.setattr(_web, "SILENCE", 0.3)
    fails(f"{server.url}/sleeps", r"the server did not answer within 0\.3 s$")
    monkeypatch.setattr(_web, "DEADLINE", 0.4)
    fails(f"{server.url}/drips", r"took longer than 0\.4 s")


def test_what_a_server_refuses(server):
    fails(f"{server.url}/nothing.png", "the server answered 404 Not Found$")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    fails(f"http://127.0.0.1:{port}/a.png", "cannot be fetched: ")


def test_addresses_that_are_none(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fails("http://no.example/a.png", "there is no server no.example: ")
    fails("http://", "is not on the web|cannot be fetched")
    fails("http://[::1/a.png", "cannot be fetched")


def test_every_address_of_a_host_must_be_public(monkeypatch):
    def both(host, port, **_):
        return [(0, 0, 0, "", (address, port)) for address in ("93.184.216.34", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    fails("http://two.example/a.png", r"two\.example is 10\.0\.0\.7, of a", allow_private=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::6810:85e5", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd12::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),  # 10.0.0.1 behind NAT64
        ("64:ff9b::5db8:d822", True),
        ("2002:a00:1::1", False),  # 10.0.0.1 behind 6to4
    ],
)
def test_public_addresses(address, public):
    assert _web.is_public(ipaddress.ip_address(address)) == public


@pytest.mark.parametrize(
    ("url", "name", "place"),
    [
        ("https://a.org/x/sign.jpg", "https://a.org/x/sign.jpg", "sign"),
        ("https://me:secret@a.org/sign.jpg", "https://a.org/sign.jpg", "sign"),
        ("HTTP://a.org:80/", "http://a.org:80/", "a.org"),
        (
            "http://a.org/%2e%2e%2f..%2fetc/passwd",
            "http://a.org/%2e%2e%2f..%2fetc/passwd",
            "passwd",
        ),
        ("http://a.org/a%20b%00%5cc.png", "http://a.org/a%20b%00%5cc.png", "a_b__c"),
        ("http://a.org/..", "http://a.org/..", "web"),
        ("http://a.org/.git", "http://a.org/.git", "git"),
    ],
)
def test_names_and_places_of_addresses(url, name, place):
    (document,) = find([url])
    assert (document.name, document.place.as_posix()) == (name, place)
