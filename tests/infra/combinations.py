"""Every combination of the switches that decide what is deployed, and what each yields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.infra.evaluate import Made, deploy
from tests.infra.functions import GROUP, unique
from tests.infra.policy import ROLE_NAMES

MAIN = Path(__file__).parents[2] / "infra" / "bicep" / "main.bicep"
ROLE = "Microsoft.Authorization/roleAssignments"
OPTIONS: dict[str, Any] = {
    "alertEmails": ["somebody@example.com"],
    "monthlyBudget": 100,
    "isEveryRequestLogged": True,
}
"""What makes further resources, by itself."""


class Combination(NamedTuple):
    database: str
    is_private: bool
    auth: str

    @property
    def words(self) -> str:
        return f"{self.database}, {'private' if self.is_private else 'public'}, {self.auth}"


class Part(NamedTuple):
    """A resource or a role, as a table or a picture names it."""

    type: str
    name: str
    scope: str


COMBINATIONS = [
    Combination(*each) for each in product(("ru", "vcore"), (False, True), ("token", "entra", "platform"))
]
CONDITIONS = {
    "always": lambda c: True,
    "ru": lambda c: c.database == "ru",
    "vcore": lambda c: c.database == "vcore",
    "token": lambda c: c.auth == "token",
    "entra": lambda c: c.auth == "entra",
    "platform": lambda c: c.auth == "platform",
    "private": lambda c: c.is_private,
    "public": lambda c: not c.is_private,
    "ru, private": lambda c: c.database == "ru" and c.is_private,
    "vcore, private": lambda c: c.database == "vcore" and c.is_private,
    "ru, public": lambda c: c.database == "ru" and not c.is_private,
    "vcore, public": lambda c: c.database == "vcore" and not c.is_private,
}
"""In words, the sets of combinations that resources are told apart by."""


def made(combination: Combination, **options: Any) -> list[Made]:
    """What this combination deploys; ``options`` are parameters as in main.bicep."""
    database, is_private, auth = combination
    client = "" if auth == "token" else "00000000-0000-0000-0000-000000000001"
    parameters = {"database": database, "isPrivate": is_private, "auth": auth, "entraClientId": client}
    return deploy(MAIN, **{**parameters, **options})


@cache
def conditions() -> dict[Part, str]:
    """When each part is deployed; raises LookupError for a set of combinations that has no words."""
    found = {part: _words(part) for part in sorted(_parts({}))}
    for name, value in OPTIONS.items():
        found |= {
            part: f"{name}{'' if words == 'always' else f', {words}'}"
            for part in sorted(_parts({name: value}) - found.keys())
            for words in [_words(part, **{name: value})]
        }
    return found


def part(resource: Made) -> Part:
    """What is told of a resource: names without what is unique to one deployment."""
    token = unique(GROUP["id"], "genesis")
    name = resource.name.replace(token, "…").replace("<identity.properties.principalId>", "identity")
    if resource.type == ROLE:
        name = ROLE_NAMES[resource.properties["roleDefinitionId"].rpartition("/")[2]]
    if name.startswith("guid-"):
        name = "guid"
    return Part(resource.type, name, "/".join(resource.scope.split("/")[-2:]).replace(token, "…"))


def _parts(options: dict[str, Any]) -> set[Part]:
    return {part for combination in COMBINATIONS for part in _of(combination, **options)}


def _of(combination: Combination, **options: Any) -> Iterator[Part]:
    return map(part, made(combination, **options))


def _words(wanted: Part, **options: Any) -> str:
    where = {c for c in COMBINATIONS if wanted in set(_of(c, **options))}
    for words, holds in CONDITIONS.items():
        if where == set(filter(holds, COMBINATIONS)):
            return words
    raise LookupError(f"{wanted} is deployed in {sorted(c.words for c in where)}")
