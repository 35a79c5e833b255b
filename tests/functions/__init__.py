"""The function app under Microsoft's own worker library, on Python 3.13, behind a stand-in for the host."""
