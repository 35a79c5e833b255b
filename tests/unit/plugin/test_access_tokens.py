"""When a token of Entra ID is fetched, by how many threads, and what happens when it cannot be."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import azure.identity
import pytest
from azure.core.exceptions import ClientAuthenticationError

from genesis.plugin import access_tokens
from genesis.plugin.access_tokens import AccessTokens, Identity, NoToken, Wanted

HOUR = 3600
WANTED = Wanted("api://flow/.default")


class Fetching:
    """Stands for azure-identity: a new token at each call, good for an hour from a time that tests set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.life = HOUR
        self.asked: list[Wanted] = []
        self.fails = False
        self.may_answer = Event()
        self.may_answer.set()
        self.is_asked = Event()
        self.tokens = AccessTokens(self, lambda: self.now)

    def __call__(self, wanted: Wanted) -> Any:
        self.asked.append(wanted)
        self.is_asked.set()
        assert self.may_answer.wait(10)
        if self.fails:
            raise NoToken("not now")
        return SimpleNamespace(token=f"token-{len(self.asked)}", expires_on=int(self.now) + self.life)

    def get(self, refused: str = "") -> str:
        return self.tokens.get(WANTED, refused)


@pytest.fixture
def fetching() -> Fetching:
    return Fetching()


def test_a_token_is_kept_until_five_minutes_before_its_end(fetching: Fetching) -> None:
    assert fetching.get() == "token-1"
    fetching.now += HOUR - 301
    assert fetching.get() == "token-1"
    fetching.now += 1
    assert fetching.get() == "token-2"
    assert fetching.asked == [WANTED, WANTED]


def test_each_scope_and_tenant_has_a_token_of_its_own(fetching: Fetching) -> None:
    others = [Wanted("api://other/.default"), Wanted(WANTED.scope, "a-tenant")]
    assert [fetching.tokens.get(wanted) for wanted in (WANTED, *others, WANTED)] == [
        *("token-1", "token-2", "token-3"),
        "token-1",
    ]


def test_many_threads_fetch_one_token(fetching: Fetching) -> None:
    fetching.may_answer.clear()
    with ThreadPoolExecutor(16) as threads:
        found = [threads.submit(fetching.get) for _ in range(16)]
        assert fetching.is_asked.wait(10)
        fetching.may_answer.set()
        assert {one.result() for one in found} == {"token-1"}
    assert len(fetching.asked) == 1


def test_nobody_waits_for_the_next_token_while_the_old_one_serves(fetching: Fetching) -> None:
    fetching.get()
    fetching.now += HOUR - 200
    fetching.may_answer.clear()
    fetching.is_asked.clear()
    first = Thread(target=fetching.get)
    first.start()
    assert fetching.is_asked.wait(10)
    assert fetching.get() == "token-1"
    fetching.may_answer.set()
    first.join()
    assert fetching.get() == "token-2"


def test_a_token_that_still_serves_is_used_when_no_other_can_be_had(fetching: Fetching) -> None:
    fetching.get()
    fetching.fails = True
    fetching.now += HOUR - 200
    assert [fetching.get(), fetching.get()] == ["token-1", "token-1"]
    assert len(fetching.asked) == 2
    fetching.now += 31
    assert fetching.get() == "token-1"
    assert len(fetching.asked) == 3
    fetching.now += 169
    with pytest.raises(NoToken):
        fetching.get()


def test_a_short_lived_token_is_not_fetched_for_each_request(fetching: Fetching) -> None:
    fetching.life = 100
    assert [fetching.get(), fetching.get()] == ["token-1", "token-1"]
    fetching.now += 30
    assert fetching.get() == "token-2"


def test_a_refused_token_is_replaced_once(fetching: Fetching) -> None:
    fetching.get()
    fetching.now += 61
    assert fetching.get("token-1") == "token-2"
    assert fetching.get("token-1") == "token-2"
    assert fetching.get("token-2") == "token-2"
    assert len(fetching.asked) == 2


def test_a_new_token_that_is_refused_is_not_replaced(fetching: Fetching) -> None:
    assert fetching.get() == "token-1"
    fetching.now += 59
    assert fetching.get("token-1") == "token-1"


def test_a_failure_is_shared_for_a_while(fetching: Fetching) -> None:
    fetching.fails = True
    for _ in range(3):
        with pytest.raises(NoToken, match="not now"):
            fetching.get()
    assert len(fetching.asked) == 1
    fetching.fails = False
    fetching.now += 5
    assert fetching.get() == "token-2"


def test_the_child_of_a_fork_is_not_kept_by_a_lock_of_its_parent(fetching: Fetching) -> None:
    with fetching.tokens._lock:
        fetching.tokens.forked()
        assert fetching.get() == "token-1"


class Credential:
    """Stands for one of azure-identity's."""

    made: list[dict[str, Any]]
    asked: list[tuple[str, dict[str, Any]]]
    fails = False

    def __init__(self, **options: Any) -> None:
        self.made.append(options)

    def get_token(self, scope: str, **options: Any) -> Any:
        self.asked.append((scope, options))
        if self.fails:
            raise ClientAuthenticationError("Please run\n\n 'az login'" + " x" * 1000)
        return SimpleNamespace(token=type(self).__name__, expires_on=1)


class Default(Credential):
    pass


class DeviceCode(Credential):
    pass


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Default, DeviceCode):
        kind.made, kind.asked, kind.fails = [], [], False
        monkeypatch.setattr(azure.identity, f"{kind.__name__}{'Azure' * (kind is Default)}Credential", kind)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: bool = True) -> None:
    monkeypatch.setattr(access_tokens, "is_terminal", lambda: answer)


def test_azure_identitys_default_is_asked_for_the_tenant_too() -> None:
    identity = Identity()
    assert identity(Wanted("api://flow/.default", "a-tenant")).token == "Default"
    identity(WANTED)
    assert Default.asked == [("api://flow/.default", {"tenant_id": "a-tenant"}), ("api://flow/.default", {})]
    assert (len(Default.made), DeviceCode.made) == (1, [])


def test_at_a_terminal_a_person_is_asked_last_and_from_then_on_first(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    Default.fails = True
    identity = Identity()
    wanted = Wanted("api://flow/.default", "a-tenant")
    assert [identity(wanted).token, identity(wanted).token] == ["DeviceCode", "DeviceCode"]
    assert (len(Default.asked), len(DeviceCode.made), len(DeviceCode.asked)) == (1, 1, 2)
    assert DeviceCode.made[0]["tenant_id"] == "a-tenant"


def test_who_is_asked_to_sign_in_sees_it_beside_the_programs_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch)
    Default.fails = True
    Identity()(WANTED)
    DeviceCode.made[0]["prompt_callback"]("https://login.example/device", "ABCD", None)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "https://login.example/device" in printed.err and "ABCD" in printed.err


def test_without_a_terminal_nobody_is_asked_and_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, False)
    Default.fails = True
    with pytest.raises(NoToken) as raised:
        Identity()(Wanted("api://flow/.default", "a-tenant"))
    assert "az login --tenant a-tenant --scope api://flow/.default" in str(raised.value)
    assert "Please run 'az login' x" in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert DeviceCode.made == []


def test_a_person_who_does_not_sign_in_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    Default.fails = DeviceCode.fails = True
    identity = Identity()
    for _ in range(2):
        with pytest.raises(NoToken, match="az login"):
            identity(WANTED)
    assert len(Default.asked) == 2


def test_where_azure_identity_is_not_installed_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)
    with pytest.raises(NoToken, match="pip install azure-identity"):
        Identity()(WANTED)
