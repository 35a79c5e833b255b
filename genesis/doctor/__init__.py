"""``genesis doctor``: how a server is configured, where that comes from, and what is wrong with it."""
