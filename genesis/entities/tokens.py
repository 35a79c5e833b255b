"""What a client of one's own making proves itself with: ``gf_<id>_<secret>``."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass

from genesis.errors import GenesisError, invalid, missing

FORM = re.compile(r"gf_([a-z2-7]{12})_[A-Za-z0-9_-]{43}")
LONGEST_NAME = 64
ACTIVE, EXPIRED, REVOKED = "active", "expired", "revoked"


@dataclass(frozen=True)
class Token:
    """One that was made; its text is nowhere. Times in milliseconds since the epoch, 0 is never."""

    id: str
    name: str
    """Who uses it: the user of the runs that are made with it."""
    hash: str
    created: int
    expires: int = 0
    revoked: int = 0

    def state(self, now: int) -> str:
        """ACTIVE, EXPIRED or REVOKED at ``now`` (ms)."""
        if self.revoked:
            return REVOKED
        return EXPIRED if self.expires and self.expires <= now else ACTIVE


def new_text() -> str:
    """A token that nobody has: an id of 60 bits, and a secret of 256."""
    id = base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]
    return f"gf_{id}_{secrets.token_urlsafe(32)}"


def id_in(text: str) -> str:
    """The id, which is no secret, of a token; "" where the text has not the form of one."""
    found = FORM.fullmatch(text)
    return found[1] if found else ""


def check_name(name: str) -> str:
    """The name as given; raises INVALID_PARAMETER_VALUE for what makes a bad user name."""
    if not (name.isprintable() and name.strip() == name and 1 <= len(name) <= LONGEST_NAME):
        raise invalid(
            f"A token's name has 1 to {LONGEST_NAME} printable characters, the first and last no spaces."
        )
    return name


def not_found(id: str) -> GenesisError:
    return missing(f"Token with id={id} not found")
