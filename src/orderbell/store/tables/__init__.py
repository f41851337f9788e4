"""The tables, one file per room that owns them; `store.schema` knows them all."""
