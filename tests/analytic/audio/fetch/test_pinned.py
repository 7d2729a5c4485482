# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""No spelling of an address, and no answer of a resolver, leads to what is not public."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytic.audio.fetch import Fetcher, FetchRules, Target
from analytic.errors import AddressRefused, FetchFailed
from tests.analytic.audio.fetch.conftest import PUBLIC, World

LINES = (Path(__file__).parent / "hostile_hosts.txt").read_text(encoding="utf-8").splitlines()
SPELLINGS = [host for line in LINES if not line.startswith("#") for host in line.split()]
WHITE = (
    "127.0.0.1\t",
    "\t127.0.0.1",
    "127.0.0.1\n",
    "127.0.0.1\r",
    "127.0\t.0.1",
    "12\n7.0.0.1",
    "127.0.0.1 ",
    "[::1 ::1]",
    "",
)
HOSTS = [*SPELLINGS, *WHITE]
FORMS = [
    "http://public.example@127.0.0.1:{port}/",
    "http://public.example:80@127.0.0.1:{port}/",
    "http://public.example:80:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@public.example/",
    "http://public.example%40127.0.0.1:{port}/",
    "http://public.example@@127.0.0.1:{port}/",
    "http://@127.0.0.1:{port}/",
    "http://:@127.0.0.1:{port}/",
    "http://public.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@public.example/",
    "http://public.example\\\\127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/\\127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@public.example/",
    "http://127.0.0.1:{port}?@public.example/",
    "http://127.0.0.1:{port};@public.example/",
    "http://127.0.0.1:{port}&@public.example/",
    "http://127.0.0.1:{port}#public.example",
    "http://127.0.0.1:{port}?public.example",
    "http://127.0.0.1 public.example:{port}/",
    "http://public.example 127.0.0.1:{port}/",
    "http://public.example\t@127.0.0.1:{port}/",
    "http://public.example\n@127.0.0.1:{port}/",
    "http://public.example\r\nHost: 127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nX: y",
    "http://127.0.0.1:{port}\x00.public.example/",
    "http://127.0.0.1\x00:{port}/",
    "http://127.0.0.1:{port}\x0b/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1: {port}/",
    "http://127.0.0.1:0{port}/",
    "http://127.0.0.1:\uff10\uff10{port}/",
    "http://127.0.0.1:{port}:80/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:/",
    "http://127.0.0.1:99999999999/",
    "HTTP://127.0.0.1:{port}/",
    "hTtPs://127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}/",
    "://127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "\x01http://127.0.0.1:{port}/",
    "ht\ntp://127.0.0.1:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::1:{port}/",
    "http://::1:{port}/",
    "http://[::1]x:{port}/",
    "http://[::1].public.example:{port}/",
    "http://[public.example]:{port}/",
    "url:http://127.0.0.1:{port}/",
    "view-source:http://127.0.0.1:{port}/",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/x",
    *(
        f"{scheme}://127.0.0.1:{{port}}/"
        for scheme in (
            *("ftp", "ftps", "sftp", "file", "gopher", "dict", "ldap", "ldaps", "tftp", "telnet", "ssh", "ws", "wss"),
            *("rtsp", "rtmp", "rtp", "udp", "tcp", "tls", "srt", "hls", "concat", "data", "jar", "netdoc", "unix"),
        )
    ),
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "file:/etc/passwd",
    "/etc/passwd",
    "../../etc/passwd",
    "data:audio/wav;base64,UklGRg==",
    "javascript:alert(1)",
    "concat:http://127.0.0.1:{port}/|/etc/passwd",
    "subfile,,start,0,end,64,,:/etc/passwd",
]
ADDRESSES = [f"http://{host}:{{port}}/a.wav" for host in HOSTS] + FORMS
INSIDE = [
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
]
NAMED = {
    **dict.fromkeys(("localhost", "a.localhost", "x.y.localhost", "ip6-localhost", "local"), "127.0.0.1"),
    **dict.fromkeys(("localhost.localdomain", "127.0.0.1.nip.example"), "127.0.0.1"),
    "ip6-loopback": "::1",
    "metadata": "169.254.169.254",
    "metadata.google.internal": "169.254.169.254",
    "instance-data": "fd00:ec2::254",
    "router.home": "192.168.1.1",
}


def test_there_are_many_spellings() -> None:
    assert len(set(ADDRESSES)) >= 280
    assert len(set(ADDRESSES)) == len(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_no_spelling_leads_inside(world: World, address: str) -> None:
    world.names = {name: [[found]] for name, found in NAMED.items()}
    with pytest.raises((AddressRefused, FetchFailed)) as refusal:
        Fetcher().open(address.format(port=world.canary.port))
    assert world.hits == 0
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("address", [f"http://{host}:{{port}}/" for host in ("name.example", PUBLIC)])
def test_what_is_public_is_reached_so_that_the_tests_above_mean_something(world: World, address: str) -> None:
    world.names = {"name.example": [[PUBLIC]]}
    remote = Fetcher().open(address.format(port=world.canary.port))
    assert remote.read_at(0, 100) == b"what nobody may read"
    remote.close()
    assert world.connected == [PUBLIC]


def _addresses() -> Iterator[str]:
    for host in HOSTS:
        with contextlib.suppress(ValueError):
            yield str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))


@pytest.mark.parametrize("address", sorted(set(_addresses())))
def test_a_name_that_resolves_so_is_refused_too(world: World, address: str) -> None:
    world.names = {"name.example": [[address]]}
    with pytest.raises(AddressRefused, match=r"is not public; the operator can add it to fetch\.allowed"):
        Fetcher().open(f"http://name.example:{world.canary.port}/")
    assert world.hits == 0


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize(
    "answers",
    ["PI", "IP", "PPI", "PIP", "IPI", "IIP", "PIPIPI", "p", "i"],
)
def test_a_resolver_that_changes_its_mind_leads_to_public_addresses_alone(
    world: World, inside: str, answers: str
) -> None:
    several = {"P": [PUBLIC], "I": [inside], "p": [PUBLIC, inside], "i": [inside, PUBLIC]}
    for _ in range(len(answers) + 1):
        world.names = {"name.example": [several[one] for one in answers]}
        with contextlib.suppress(AddressRefused, FetchFailed):
            Fetcher().open(f"http://name.example:{world.canary.port}/").close()
        assert set(world.connected) <= {PUBLIC}


def test_the_host_is_named_to_the_server_though_the_connection_goes_to_its_address(world: World) -> None:
    world.names = {"name.example": [[PUBLIC]]}
    Fetcher().open(f"http://name.example:{world.canary.port}/a?b=c").close()
    (asked,) = world.canary.asked
    assert asked.headers["host"] == f"name.example:{world.canary.port}"
    assert asked.path == "/a?b=c"


@pytest.mark.parametrize("answers", [[], ["not an address"], [""]])
def test_a_name_that_nobody_knows_cannot_be_fetched(world: World, answers: list[str]) -> None:
    world.names = {"name.example": [answers]}
    with pytest.raises(FetchFailed):
        Fetcher().open("http://name.example/")
    assert world.hits == 0


def allowing(*texts: str) -> Fetcher:
    return Fetcher(FetchRules(tuple(map(Target.of, texts))))


@pytest.mark.parametrize(
    ("allowed", "host", "resolved"),
    [
        ("camera.home:{port}", "camera.home", "192.168.1.5"),
        ("camera.home:{port}", "CAMERA.HOME", "fd00::5"),
        ("192.168.1.0/24:{port}", "camera.home", "192.168.1.5"),
        ("192.168.1.5:{port}", "192.168.1.5", None),
        ("192.168.1.0/24:{port}", "camera.home", "::ffff:192.168.1.5"),
        ("[fd00::/8]:{port}", "camera.home", "fd00::5"),
        ("[fd00::/8]:{port}", "[fd00::5]", None),
        ("127.0.0.0/8:{port}", "127.0.0.1", None),
    ],
)
def test_what_is_allowed_is_reached(world: World, allowed: str, host: str, resolved: str | None) -> None:
    world.names = {"camera.home": [[resolved]]} if resolved else {}
    remote = allowing(allowed.format(port=world.canary.port)).open(f"http://{host}:{world.canary.port}/x")
    assert remote.read_at(0, 4) == b"what"
    remote.close()
    expected = ipaddress.ip_address(resolved or host.strip("[]"))
    assert world.connected == [str(getattr(expected, "ipv4_mapped", None) or expected)]
    assert world.canary.asked[0].headers["host"] == f"{host.lower()}:{world.canary.port}"


@pytest.mark.parametrize(
    ("allowed", "host", "port", "resolved"),
    [
        ("camera.home:8080", "camera.home", 8081, "192.168.1.5"),
        ("camera.home:8080", "other.home", 8080, "192.168.1.5"),
        ("camera.home:8080", "192.168.1.5", 8080, None),
        ("camera.home:80", "camera.home.evil.example", 80, "192.168.1.5"),
        ("camera.home:80", "evil.example", 80, "127.0.0.1"),
        ("192.168.1.0/24:80", "other.home", 80, "192.168.2.5"),
        ("192.168.1.0/24:80", "other.home", 8080, "192.168.1.5"),
        ("192.168.1.0/24:80", "127.0.0.1", 80, None),
        ("192.168.1.0/24:80", "other.home", 80, "::192.168.1.5"),
        ("192.168.1.0/24:80", "other.home", 80, "2002:c0a8:0105::"),
        ("192.168.1.0/24:80", "other.home", 80, "64:ff9b::c0a8:105"),
        ("[fd00::/8]:80", "other.home", 80, "fe80::1"),
        ("127.0.0.1:80", "127.0.0.2", 80, None),
        ("127.0.0.1:80", "localhost", 8080, "127.0.0.1"),
        ("localhost:80", "127.0.0.1", 80, None),
        ("localhost:80", "a.localhost", 80, "127.0.0.1"),
    ],
)
def test_nothing_beside_what_is_allowed_is_reached(
    world: World, allowed: str, host: str, port: int, resolved: str | None
) -> None:
    world.names = {host: [[resolved]]} if resolved else {}
    with pytest.raises(AddressRefused):
        allowing(allowed).open(f"http://{host}:{port}/x")
    assert world.hits == 0


def test_a_resolver_that_changes_its_mind_cannot_leave_an_allowed_network(world: World) -> None:
    world.names = {"camera.home": [["192.168.1.5"], ["127.0.0.1"]]}
    allowing(f"192.168.1.0/24:{world.canary.port}").open(f"http://camera.home:{world.canary.port}/").close()
    assert world.connected == ["192.168.1.5"]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"])
def test_proxies_of_this_machine_are_not_used(world: World, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{world.canary.port}")
    world.names = {"name.example": [[PUBLIC]]}
    Fetcher().open(f"http://name.example:{world.canary.port}/").close()
    assert world.connected == [PUBLIC]
    assert world.canary.asked[0].path == "/"


def test_passwords_of_this_machine_are_not_sent(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine name.example login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    world.names = {"name.example": [[PUBLIC]]}
    Fetcher().open(f"http://name.example:{world.canary.port}/").close()
    assert "authorization" not in world.canary.asked[0].headers
    assert "cookie" not in world.canary.asked[0].headers
