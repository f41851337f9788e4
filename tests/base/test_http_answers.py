"""What a receiver may answer: nothing of it can hurt us, and what we cannot know we call unknown."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from orderbell.base.http import Door, NoAnswer, NotReached, retry_after_s


async def raw_server(answer: bytes) -> tuple[asyncio.Server, str]:
    """A server that reads a request's head and says exactly `answer`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_an_answer_comes_back_with_status_headers_and_body(open_door: Door, serve: Any) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=201, text=f"{request.headers['X-A']} {await request.text()}", headers={"X-B": "c"})

    answer = await open_door.post(await serve(handle), headers={"X-A": "a"}, body=b"body")
    assert (answer.status, answer.body, answer.headers["x-b"], answer.ok) == (201, b"a body", "c", True)
    assert answer.words == "201 a body"


async def test_connections_are_used_again(open_door: Door, serve: Any, wires: Any) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    url = await serve(handle)
    for _ in range(5):
        await open_door.post(url, headers={}, body=b"")
    assert len(wires.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(open_door: Door, serve: Any, status: int) -> None:
    calls: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    answer = await open_door.post(await serve(handle), headers={}, body=b"")
    assert (answer.status, answer.ok, calls) == (status, False, ["/hook"])


async def test_cookies_are_neither_kept_nor_sent(open_door: Door, serve: Any) -> None:
    cookies: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    url = await serve(handle)
    await open_door.post(url, headers={}, body=b"")
    await open_door.post(url, headers={}, body=b"")
    assert cookies == [None, None]


async def test_a_proxy_of_the_environment_is_not_asked(
    open_door: Door, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await open_door.post(await serve(handle), headers={}, body=b"")).body == b"direct"


async def test_an_endless_body_is_cut_at_64_kb(open_door: Door, serve: Any) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b"x" * 8192)
        return response

    answer = await open_door.post(await serve(handle), headers={}, body=b"")
    assert len(answer.body) == 65_536
    assert len(answer.body_head) == 1_000


async def test_a_body_that_never_ends_still_gives_its_status(open_door: Door, serve: Any) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"so far")
        await asyncio.sleep(30)
        return response

    answer = await open_door.post(await serve(handle), headers={}, body=b"", total_s=0.3)
    assert answer.ok
    assert answer.body.startswith(b"so far")


async def test_a_packed_body_stays_packed(open_door: Door, serve: Any) -> None:
    async def handle(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=b"\x1f\x8b bomb", headers={"Content-Encoding": "gzip"})

    assert (await open_door.post(await serve(handle), headers={}, body=b"")).body == b"\x1f\x8b bomb"


@pytest.mark.parametrize("head", [b"X: " + b"y" * 9000, b"\r\n".join(b"X-%d: %s" % (n, b"y" * 500) for n in range(40)),
                                  b"\r\n".join(b"X-%d: y" % n for n in range(5000))])  # fmt: skip
async def test_headers_beyond_16_kb_are_no_answer(open_door: Door, head: bytes) -> None:
    server, url = await raw_server(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nContent-Length: 0\r\n\r\n")
    async with server:
        with pytest.raises(NoAnswer):
            await open_door.post(url, headers={}, body=b"")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_a_broken_answer_is_no_answer(open_door: Door, answer: bytes) -> None:
    server, url = await raw_server(answer)
    async with server:
        with pytest.raises(NoAnswer):
            await open_door.post(url, headers={}, body=b"")


async def test_silence_after_the_request_is_no_answer(open_door: Door, serve: Any) -> None:
    async def handle(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    with pytest.raises(NoAnswer):
        await open_door.post(await serve(handle), headers={}, body=b"", total_s=0.3)


async def test_nobody_listening_is_not_reached(open_door: Door) -> None:
    with pytest.raises(NotReached):
        await open_door.post("http://127.0.0.1:1/", headers={}, body=b"")


async def test_a_name_nobody_knows_is_not_reached(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(NotReached):
        await door.post("https://shop.example/", headers={}, body=b"")


async def test_a_receiver_that_does_not_speak_tls_is_not_reached(open_door: Door) -> None:
    server, url = await raw_server(b"HTTP/1.1 200 OK\r\n\r\n")
    async with server:
        with pytest.raises(NotReached):
            await open_door.post(url.replace("http:", "https:"), headers={}, body=b"", total_s=1)


@pytest.mark.parametrize(
    ("text", "wanted_s"),
    [("120", 120.0), ("0", 0.0), ("999999999999", 86_400.0), ("Sun, 22 Nov 2026 10:01:00 GMT", 60.0),
     ("Sun, 22 Nov 2020 10:01:00 GMT", 0.0), ("Sun, 22 Nov 2036 10:01:00 GMT", 86_400.0), ("soon", None), ("-5", None),
     ("", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, wanted_s: float | None) -> None:
    assert retry_after_s({"retry-after": text}, datetime(2026, 11, 22, 10, tzinfo=UTC)) == wanted_s
