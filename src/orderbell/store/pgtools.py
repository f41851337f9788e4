"""PostgreSQL's own tools, which alone write and read a dump one can trust: pg_dump and pg_restore.

Settings reach them by environment: a password on a command line could be read by everybody on the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from orderbell.base.errors import NotReady

_NAMES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "options": "PGOPTIONS",
}  # fmt: skip
_WORDS_MOST = 1000


def environment(url: str) -> dict[str, str]:
    """The environment under which the tools reach that database."""
    parts = conninfo_to_dict("postgresql://" + url.split("://", 1)[1])
    return {_NAMES[name]: str(value) for name, value in parts.items() if name in _NAMES and value is not None}


def dump(url: str, target: Path, *, snapshot: str) -> None:
    """Write the database as that snapshot sees it.

    Raises:
        NotReady: `no_pg_tools` or `backup_failed`, in the tool's own words.
    """
    _run(url, "pg_dump", "--format=custom", "--schema=public", "--no-owner", f"--snapshot={snapshot}",
         f"--file={target}")  # fmt: skip
    target.chmod(0o600)


def restore(url: str, source: Path) -> None:
    """Read a dump into an empty database, all or nothing.

    Raises:
        NotReady: as for `dump`.
    """
    _run(url, "pg_restore", "--schema=public", "--no-owner", "--no-privileges", "--exit-on-error",
         "--single-transaction", f"--dbname={environment(url).get('PGDATABASE', '')}", str(source))  # fmt: skip


def _run(url: str, tool: str, *arguments: str) -> None:
    path = shutil.which(tool)
    if path is None:
        raise NotReady(
            f"{tool} is not installed here. Install PostgreSQL's client programs of the server's version or newer, "
            f"or run it where they are: {tool} {' '.join(arguments[:3])} …",
            code="no_pg_tools",
        )
    done = subprocess.run(
        [path, *arguments], env=os.environ | environment(url), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReady(f"{tool} failed: {done.stderr.strip()[-_WORDS_MOST:]}", code="backup_failed")
