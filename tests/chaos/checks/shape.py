"""Tells a database's shape: its tables, columns and indexes, and the step it stands at, for comparing two of them.

Run: python -m tests.chaos.checks.shape DATABASE…; prints JSON, one shape each.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import create_engine, inspect, text


def read(database: str) -> dict[str, Any]:
    """The shape as plain lists."""
    if database.startswith("postgresql"):
        engine = create_engine(f"postgresql+psycopg://{database.split('://', 1)[1]}")
    else:
        engine = create_engine(f"sqlite:///{database}", module=dbapi2)
    shape: dict[str, Any] = {}
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return {"shape": {}, "steps": [], "integrity": "empty"}
        looked = inspect(connection)
        for table in sorted(looked.get_table_names()):
            columns = sorted((each["name"], str(each["type"]), each["nullable"]) for each in looked.get_columns(table))
            indexes = sorted(str(each["name"]) for each in looked.get_indexes(table))
            shape[table] = [columns, indexes]
        whole = connection.execute(text("PRAGMA integrity_check")).scalar() if engine.dialect.name == "sqlite" else "ok"
        steps = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    engine.dispose()
    return {"shape": shape, "steps": list(steps), "integrity": whole}


if __name__ == "__main__":
    print(json.dumps([read(each) for each in sys.argv[1:]]))
