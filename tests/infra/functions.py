"""The functions of Bicep that our files call, as far as a deployment is not needed to know their value."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from urllib.parse import urljoin


class Unknown(str):
    """What Azure alone knows: text that says where it comes from, whatever is asked of it."""

    def get(self, name: str) -> Unknown:
        return Unknown(f"<{self.strip('<>')}.{name}>")


class Failed(Exception):
    """A deployment would end here."""


ENVIRONMENT = {
    "suffixes": {"storage": "core.windows.net"},
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
}
GROUP = {"id": "/group", "name": "group", "location": "region"}
SUBSCRIPTION = {"id": "/subscription", "tenantId": "tenant"}
TODAY = datetime(2030, 1, 15, tzinfo=UTC)


def unique(*parts: Any) -> str:
    """13 letters and digits, the same for the same parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in digest[:13])


def concat(first: Any, *others: Any) -> Any:
    return sum(others, first) if isinstance(first, list) else "".join([first, *others])


def union(first: Any, *others: Any) -> Any:
    if isinstance(first, list):
        return first + [item for other in others for item in other if item not in first]
    return reduce(lambda one, other: {**one, **other}, others, first)


def items(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": given[key]} for key in sorted(given)]


def subnet(addresses: str, prefix: int, index: int) -> str:
    return str(list(ipaddress.ip_network(addresses).subnets(new_prefix=prefix))[index])


def fail(reason: str) -> Any:
    raise Failed(reason)


def text(given: Any) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    return given if isinstance(given, str) else json.dumps(given) if isinstance(given, dict) else str(given)


def now(form: str = "yyyyMMddTHHmmssZ") -> str:
    parts = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
    return TODAY.strftime(reduce(lambda form, part: form.replace(part, parts[part]), parts, form))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bool": lambda given: given.lower() == "true" if isinstance(given, str) else bool(given),
    "cidrSubnet": subnet,
    "concat": concat,
    "empty": lambda given: not given,
    "environment": lambda: ENVIRONMENT,
    "fail": fail,
    "first": lambda given: given[0],
    "guid": lambda *parts: f"guid-{unique(*parts)}",
    "items": items,
    "last": lambda given: given[-1],
    "newGuid": lambda: "00000000-0000-4000-8000-000000000000",
    "reduce": lambda given, start, step: reduce(step, given, start),
    "replace": lambda given, old, new: given.replace(old, new),
    "resourceGroup": lambda: GROUP,
    "split": lambda given, at: given.split(at),
    "string": text,
    "subscription": lambda: SUBSCRIPTION,
    "subscriptionResourceId": lambda kind, name: f"/subscription/{kind}/{name}",
    "toLower": lambda given: given.lower(),
    "union": union,
    "uniqueString": unique,
    "uri": urljoin,
    "utcNow": now,
}
