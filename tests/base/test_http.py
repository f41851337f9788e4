"""The outgoing door: no socket is ever connected to an address that is not public, and no receiver can hurt us."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from orderbell.base import http
from orderbell.base.errors import BadInput
from orderbell.base.http import Door, NotAllowedTarget, NotReached, check_url, is_public

BLOCKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
BLOCKS_V6 = [
    "::/128",
    "::1/128",
    "::/96",
    "64:ff9b::/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "fd00:ec2::254/128",
    "::ffff:0:0:0/96",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "223.5.5.5", "9.255.255.255", "11.0.0.0", "100.128.0.0", "172.32.0.0", "2606:4700::1",
          "2400:3200::1", "::ffff:1.1.1.1"]  # fmt: skip
SCHEMES = ("file", "gopher", "dict", "ftp", "ldap", "jar", "data", "javascript", "ws")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９。")


def edges(block: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    net = ipaddress.ip_network(block)
    return sorted({net[0], net[net.num_addresses // 2], net[-1]})


def spellings(ip: ipaddress.IPv4Address) -> list[str]:
    number, parts = int(ip), [int(part) for part in str(ip).split(".")]
    a, b, c, d = parts
    return [
        str(ip), f"{ip}.", str(number), hex(number), f"0{number:o}", ".".join(hex(part) for part in parts),
        ".".join(f"0{part:o}" for part in parts), f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{number & 0xFFFF}",
        f"{hex(a)}.{b}.0{c:o}.{d}", str(ip).translate(FULL_WIDTH), str(ip).translate(CIRCLED), f"[::ffff:{ip}]",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]", f"[64:ff9b::{ip}]", f"[::{ip}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
    ]  # fmt: skip


HOSTILE_V4 = [edge for block in BLOCKS for edge in edges(block)]
HOSTILE_V6 = [edge for block in BLOCKS_V6 for edge in edges(block)]
HOSTILE_HOSTS = [spelling for edge in HOSTILE_V4 for spelling in spellings(edge)]  # type: ignore[arg-type]
HOSTILE_HOSTS += [f"[{ip}]" for ip in HOSTILE_V6] + ["[fe80::1%25eth0]", "localhost", "LOCALHOST.", "a.localhost"]
HOSTILE_URLS = [f"http://{host}/hook" for host in HOSTILE_HOSTS] + [
    *(f"{scheme}://example.com/" for scheme in SCHEMES),
    *(f"http://example.com:{port}/" for port in (0, 22, 25, 6379, 4222, 5432, 65535)),
    "http://user@example.com/", "http://user:word@example.com/", "http://@example.com/", "http://a\\@10.0.0.1/",
    "http://example.com/\r\nHost: 10.0.0.1", "http://exa mple.com/", "http://example.com/\x00", "http:///hook",
    "//example.com/", "example.com", "", "http://", "http://[::1", f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/", "https://example.com/" + "a" * 2048,
]  # fmt: skip


class Names:
    """A name server in a box: gives the next list of addresses at each lookup."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.lookups = 0

    async def look_up(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        found = self.answers[min(self.lookups, len(self.answers) - 1)]
        self.lookups += 1
        kinds = [socket.AF_INET6 if ":" in ip else socket.AF_INET for ip in found]
        return [(kind, socket.SOCK_STREAM, 6, "", (ip, port)) for kind, ip in zip(kinds, found, strict=True)]


def use_names(monkeypatch: pytest.MonkeyPatch, names: Names) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.look_up)


async def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(set(HOSTILE_URLS)) >= 400


@pytest.mark.parametrize("ip", [*map(str, HOSTILE_V4 + HOSTILE_V6), "fe80::1%eth0", "nonsense", ""])
def test_addresses_of_closed_blocks_are_not_public(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_neighbours_of_closed_blocks_are_public(ip: str) -> None:
    assert is_public(ip)


def test_every_hostile_url_is_refused_when_it_is_saved() -> None:
    let_through = []
    for url in HOSTILE_URLS:
        try:
            let_through.append(check_url(url))
        except BadInput as refused:
            assert refused.code == "unsafe_url"
    assert let_through == []


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=c", "http://example.com:8080", "https://例子.中国/", "https://1.1.1.1"]
)
def test_ordinary_addresses_pass(url: str) -> None:
    assert check_url(url).raw_host in ("example.com", "xn--fsqu00a.xn--fiqs8s", "1.1.1.1")


async def test_no_hostile_url_connects_a_socket(door: Door, wires: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use_names(monkeypatch, Names(["10.0.0.1"]))
    for url in HOSTILE_URLS:
        with pytest.raises(NotAllowedTarget):
            await door.post(url, headers={}, body=b"")
    assert wires.seen == []


async def test_no_name_that_leads_inside_connects_a_socket(
    door: Door, wires: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [[str(ip)] for ip in HOSTILE_V4 + HOSTILE_V6] + [[f"::ffff:{ip}"] for ip in HOSTILE_V4]
    use_names(monkeypatch, Names(*answers))
    for _ in answers:
        with pytest.raises(NotAllowedTarget):
            await door.post("https://shop.example/hook", headers={}, body=b"")
    assert wires.seen == []


@pytest.mark.parametrize(
    "answer",
    [["1.1.1.1", "127.0.0.1"], ["2606:4700::1", "10.0.0.1"], ["1.1.1.1"] * 50 + ["::1"], ["1.1.1.1", "fd00::1"]],
)
async def test_one_bad_address_spoils_the_whole_answer(
    door: Door, wires: Any, monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    use_names(monkeypatch, Names(answer))
    with pytest.raises(NotAllowedTarget):
        await door.post("https://shop.example/hook", headers={}, body=b"")
    assert wires.seen == []


@pytest.fixture
async def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses the loop is asked to connect to; nothing is connected, for they are other people's."""
    addresses: list[str] = []

    async def refuse(_: object, where: tuple[Any, ...]) -> None:
        addresses.append(where[0])
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", refuse)
    return addresses


async def test_a_flipping_name_is_looked_up_once_and_only_the_checked_address_is_dialled(
    door: Door, dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(["1.1.1.1", "2606:4700::1"], ["127.0.0.1"])
    use_names(monkeypatch, names)
    with pytest.raises(NotReached):
        await door.post("http://shop.example:8080/hook", headers={}, body=b"")
    assert names.lookups == 1
    assert set(dialled) == {"1.1.1.1", "2606:4700::1"}


async def test_of_a_thousand_flips_none_is_dialled(
    door: Door, dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(*[["1.1.1.1"], ["127.0.0.1"]] * 500)
    use_names(monkeypatch, names)
    for number in range(1000):
        with pytest.raises(NotAllowedTarget if number % 2 else NotReached):
            await door.post("http://shop.example:8080/hook", headers={}, body=b"")
    assert names.lookups == 1000
    assert set(dialled) == {"1.1.1.1"}


async def test_the_wall_before_the_socket_holds_even_if_the_parser_were_fooled(
    door: Door, wires: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "check_url", lambda url, _: http.URL(url))
    for host in ("127.0.0.1", "[::1]", "169.254.169.254"):
        with pytest.raises(NotAllowedTarget):
            await door.post(f"http://{host}/", headers={}, body=b"")
    assert wires.seen == []


def test_an_address_of_this_machine_counts_as_inside_even_when_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "is_public", lambda _: True)
    with pytest.raises(NotAllowedTarget):
        http._check_address("127.0.0.1")
    http._check_address("1.1.1.1")
