"""The store on every engine; the database is a real one, never a fake."""
