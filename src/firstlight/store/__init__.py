"""The records: schema, SQLite, migrations."""
