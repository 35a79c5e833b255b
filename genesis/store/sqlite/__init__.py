"""The embedded engine: one SQLite file in WAL mode, safe for several threads and processes."""
