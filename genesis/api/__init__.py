"""Verbs: one function for each RPC; lifecycle, limits and defaults, but no HTTP, no database, no JSON."""
