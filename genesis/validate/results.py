"""What a check found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SIGNATURE = re.compile(r"(?i)\b(sig(?:nature)?)=[^&\s'\"<>)]+")
LONGEST = 600
"""Characters of a detail; what a server answers may be a whole page."""


class Status(StrEnum):
    """How a check ended; only a failed one fails the whole."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """What one check found, and what to do about it."""

    name: str
    status: Status
    detail: str
    fix: str = ""

    @property
    def is_good(self) -> bool:
        """Whether checks that build on this one make sense."""
        return self.status in (Status.OK, Status.WARNING)

    def without(self, secrets: Iterable[str]) -> Result:
        """The same, fit to be shown: no signature, none of the secrets, on one line."""
        return Result(self.name, self.status, shown(self.detail, secrets), shown(self.fix, secrets))


def shown(text: str, secrets: Iterable[str] = ()) -> str:
    """A text of others' on one line, without signatures and ``secrets``."""
    for secret in secrets:
        text = text.replace(secret, "…") if secret else text
    text = " ".join(SIGNATURE.sub(r"\1=…", text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def ok(name: str, detail: str) -> Result:
    return Result(name, Status.OK, detail)


def warning(name: str, detail: str, fix: str) -> Result:
    return Result(name, Status.WARNING, detail, fix)


def failed(name: str, detail: str, fix: str) -> Result:
    return Result(name, Status.FAILED, detail, fix)


def skipped(name: str, detail: str, fix: str = "") -> Result:
    return Result(name, Status.SKIPPED, detail, fix)
