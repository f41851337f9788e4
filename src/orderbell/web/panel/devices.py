"""What a browser calls itself, as a person would: "Chrome on Windows"; told only as a hint, never relied on."""

from __future__ import annotations

from collections.abc import Sequence

# The first that fits counts: Edge and Opera call themselves Chrome too, and every Chrome calls itself Safari.
_BROWSERS: Sequence[tuple[str, str]] = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"),
    ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"),
)  # fmt: skip
_SYSTEMS: Sequence[tuple[str, str]] = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
PHONES = frozenset({"iPhone", "iPad", "Android", "HarmonyOS"})


def name(agent: str) -> tuple[str, str]:
    """Browser and system by their own names; empty where they are unknown."""
    return _first(_BROWSERS, agent), _first(_SYSTEMS, agent)


def _first(known: Sequence[tuple[str, str]], agent: str) -> str:
    return next((word for mark, word in known if mark in agent), "")
