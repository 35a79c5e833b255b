"""Which checks there are, which builds on which, and the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from genesis.validate import azure_checks, checks, connection, direct, throwaway, trip
from genesis.validate.azure import Azure
from genesis.validate.database import database
from genesis.validate.deployment import Deployment
from genesis.validate.results import Result, Status, failed, skipped
from genesis.validate.transport import Unreachable

CONNECTED = ("name", "connection", "certificate")
REACHED = (*CONNECTED, "live")
ANSWERS = (*REACHED, "ready")
MADE = (*ANSWERS, "credential", "experiment")


class Check(NamedTuple):
    """One check; it makes sense only after those of ``needs`` that were asked for were good."""

    name: str
    act: Callable[[Deployment], Result]
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("https", connection.https),
    Check("name", connection.name),
    Check("connection", connection.connection, ("name",)),
    Check("certificate", connection.certificate, ("name", "connection")),
    Check("live", checks.live, CONNECTED),
    Check("ready", checks.ready, REACHED),
    Check("version", checks.version, ANSWERS),
    Check("server-info", checks.server_info, ANSWERS),
    Check("clock", checks.clock, REACHED),
    Check("headers", checks.headers, REACHED),
    Check("anonymous", checks.anonymous, ANSWERS),
    Check("anonymous-artifacts", checks.anonymous_artifacts, ANSWERS),
    Check("wrong-credential", checks.wrong_credential, ANSWERS),
    Check("credential", checks.credential, ANSWERS),
    Check("database", database),
    Check("experiment", throwaway.experiment, (*ANSWERS, "credential")),
    Check("direct", direct.direct, MADE),
    Check("signed-urls", direct.signed_urls, (*MADE, "direct")),
    Check("storage-clock", direct.storage_clock, (*MADE, "direct")),
    Check("settings", direct.settings, (*MADE, "server-info", "direct")),
    *(Check(name, trip.step(name), MADE) for name in trip.FIXES),
)
ESSENTIAL = {"experiment", "direct"}
"""They make what others use: without them those cannot be."""
REMOVAL = "removal"
NAMES = (*(check.name for check in CHECKS), *azure_checks.CHECKS, "azure-address")

Tell = Callable[[Result], None]


class Run:
    """All checks in their order; each result is told as soon as it is there."""

    def __init__(self, deployment: Deployment, skip: Iterable[str], tell: Tell) -> None:
        self._deployment = deployment
        self._skip = set(skip)
        self._tell = tell
        self.results: dict[str, Result] = {}
        deployment.steps = tuple(name for name in trip.FIXES if name not in self._skip)

    def checks(self) -> None:
        """Those of the server. What was made for them is removed, however this ends."""
        try:
            for check in CHECKS:
                self._note(self._checked(check))
        finally:
            if self._deployment.throwaway.begun:
                self._note(self._removed())

    def azure(self, azure: Azure) -> None:
        """Those of the resources."""
        for name, act in azure_checks.CHECKS.items():
            self._note(_asked_not_to(name) if name in self._skip else act(azure))
        if self.results["azure-app"].is_good and "azure-address" not in self._skip:
            self._note(azure_checks.address(azure, self._deployment.host))

    def _checked(self, check: Check) -> Result:
        if check.name in self._skip:
            return _asked_not_to(check.name)
        if missing := next(filter(self._blocks, check.needs), None):
            return skipped(check.name, f"The check '{missing}' was not good.")
        try:
            return check.act(self._deployment)
        except Unreachable as error:
            return failed(
                check.name,
                f"The server did not answer: {error}.",
                "Look at the server's log: it ended, is too slow, or something in front of it cut the reply.",
            )
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
            return failed(
                check.name,
                f"The reply is not what Genesis-Flow would say ({type(error).__name__}: {error}).",
                "See that the URL is Genesis-Flow's, and that nothing in front of it changes replies.",
            )

    def _blocks(self, need: str) -> bool:
        if need in self._skip:
            return need in ESSENTIAL
        result = self.results[need]
        # Without TLS, or with a proxy in between, there was nothing to look at.
        return not result.is_good and not (result.status is Status.SKIPPED and need in CONNECTED)

    def _removed(self) -> Result:
        try:
            return throwaway.removal(self._deployment)
        except KeyboardInterrupt:
            made = self._deployment.throwaway
            fix = "Delete both yourself, in MLflow's client or UI."
            return failed(
                REMOVAL, f"Interrupted: '{made.name}' and the model '{made.model}' may be left.", fix
            )

    def _note(self, result: Result) -> None:
        result = result.without(self._deployment.caller.secrets)
        self.results[result.name] = result
        self._tell(result)


def _asked_not_to(name: str) -> Result:
    return skipped(name, "As asked.")
