"""What a signature allows, and for how long; the keys it is made with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from genesis.artifacts import MOST_SECONDS, PART_SECONDS, SIGNED_URL_MINUTES
from genesis.artifacts.blob import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, open_store
from genesis.artifacts.container import Container
from genesis.artifacts.sas import KEY_LIFE, KEY_PAUSE, KEY_REFRESH, DelegationKeys, Signer, secret, utc_now
from genesis.errors import GenesisError, unavailable
from tests.artifacts.client import get, request, send
from tests.artifacts.test_stores import put
from tests.servers.relay import Reply

KEYED = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
EMULATOR = "http://127.0.0.1:10000/devstoreaccount1/mlflow"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, UTC)


@pytest.fixture(params=["blob_store", "delegated_store"])
def store(request):
    """One that signs with the account's key, and one that signs with a user delegation key."""
    return request.getfixturevalue(request.param)


def at(direct, minutes):
    """The same, on a server whose clock is so many minutes ahead."""

    def now():
        return utc_now() + timedelta(minutes=minutes)

    keys = direct.signer.secret
    if isinstance(keys, DelegationKeys):
        keys = DelegationKeys(direct.container.delegation_key, now)
    return replace(direct, signer=replace(direct.signer, now=now, secret=keys))


def signed_for(direct, name="a"):
    return direct.download(name, "text/plain", "inline").signed


def refused(method, url, **options):
    reply = request(method, url, **options)
    assert reply.status_code == 403, reply.text
    return True


def query(url):
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def test_a_signature_lets_its_holder_write_and_another_lets_him_read(store):
    direct = store.direct("")
    assert send(direct.whole("a", "text/plain")) == 201
    assert get(signed_for(direct).url).content == b"content"


def test_what_may_write_may_neither_read_nor_delete_nor_list(store):
    put(store, "a")
    url = store.direct("").whole("a", "text/plain").url
    container, token = url.rpartition("/")[0], urlsplit(url).query
    assert refused("GET", url)
    assert refused("HEAD", url)
    assert refused("DELETE", url)
    assert refused("GET", f"{container}?restype=container&comp=list&{token}")
    assert store.open("a") is not None


def test_what_may_read_may_neither_write_nor_delete_nor_list(store):
    put(store, "a", b"old")
    direct = store.direct("")
    signed = signed_for(direct)
    container, token = signed.url.rpartition("/")[0], urlsplit(signed.url).query
    assert refused("PUT", signed.url, data=b"new", headers={"x-ms-blob-type": "BlockBlob"})
    assert refused("PUT", f"{signed.url}&comp=block&blockid=YQ%3D%3D", data=b"new")
    assert refused("DELETE", signed.url)
    assert refused("GET", f"{container}?restype=container&comp=list&{token}")
    assert get(signed.url).content == b"old"


def test_a_signature_is_for_one_path(store):
    put(store, "a")
    put(store, "b")
    direct = store.direct("")
    assert refused("GET", signed_for(direct, "a").url.replace("/a?", "/b?"))
    upload = direct.whole("a", "text/plain")
    assert refused("PUT", upload.url.replace("/a?", "/c?"), data=b"", headers=upload.headers)
    assert store.open("c") is None


@pytest.mark.parametrize(
    "tamper",
    [
        lambda url: url.replace("sp=r", "sp=rcw"),
        lambda url: url.replace("se=2", "se=3"),
        lambda url: url.replace("st=2", "st=1"),
        lambda url: url.replace("rsct=text", "rsct=html"),
        lambda url: url.replace("sig=", "sig=A"),
        lambda url: url.partition("&sig=")[0],
    ],
    ids=["permission", "expiry", "start", "content type", "signature", "no signature"],
)
def test_a_signature_that_was_tampered_with_is_refused(store, tamper):
    put(store, "a")
    url = signed_for(store.direct("")).url
    tampered = tamper(url)
    assert tampered != url
    assert refused("GET", tampered)


def test_an_expired_signature_is_refused(store):
    put(store, "a")
    late = at(store.direct(""), -SIGNED_URL_MINUTES - 1)
    assert refused("GET", signed_for(late).url)
    assert send(late.whole("a", "text/plain", seconds=30)) == 403


def test_a_signature_that_is_not_valid_yet_is_refused(store):
    put(store, "a")
    early = at(store.direct(""), 6)
    assert refused("GET", signed_for(early).url)
    assert send(early.whole("a", "text/plain")) == 403


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_that_is_four_minutes_off_signs_what_works(store, minutes):
    direct = at(store.direct(""), minutes)
    assert send(direct.whole("a", "text/plain")) == 201
    upload = direct.begin("b", 2, "text/plain")
    assert [send(part) for part in upload.parts] == [201, 201]
    direct.complete("b", upload.upload_id, [1, 2], "text/plain")
    for name in ("a", "b"):
        assert get(signed_for(direct, name).url).status_code == 200


def test_a_signature_begins_before_now_and_lives_as_long_as_it_should():
    direct = open_store(EMULATOR, KEYED, 20).direct("")
    signer = replace(direct.signer, now=lambda: NOW)
    blob = direct.container.blob("a")
    given = query(signer.sign(blob, "cw", 90))
    assert (given["st"], given["se"]) == ("2026-01-02T02:59:05Z", "2026-01-02T03:05:35Z")
    assert (given["sp"], given["sr"]) == ("cw", "b")
    assert (signer.seconds(), signer.seconds(3)) == (1200, 1200 + 3 * PART_SECONDS)
    assert (signer.seconds(50_000), signer.seconds(3, 5)) == (MOST_SECONDS, 5)
    assert signer.seconds(1, MOST_SECONDS) == 1200 + PART_SECONDS


def test_every_verb_heeds_the_seconds_it_is_given(blob_store):
    put(blob_store, "a")
    direct = blob_store.direct("")
    direct = replace(direct, signer=replace(direct.signer, now=lambda: NOW))
    for signed in (
        *direct.begin("a", 2, "text/plain", 7).parts,
        direct.whole("a", "text/plain", 7),
        direct.download("a", "text/plain", "inline", 7).signed,
    ):
        assert query(signed.url)["se"] == "2026-01-02T03:04:12Z"


@pytest.mark.parametrize(
    ("uri", "protocol", "account"),
    [
        ("https://acc.z12.blob.storage.azure.net/mlflow", "https", "acc"),
        ("https://acc.blob.core.windows.net/mlflow", "https", "acc"),
        ("https://127.0.0.1:10000/devstoreaccount1/mlflow", "https", DEVELOPMENT_ACCOUNT),
        (EMULATOR, None, DEVELOPMENT_ACCOUNT),
    ],
)
def test_only_an_emulator_may_be_spoken_to_without_tls(uri, protocol, account):
    direct = open_store(uri, KEYED).direct("")
    assert direct.signer.account == account
    url = direct.signer.sign(direct.container.blob("a"), "r", 60)
    assert query(url).get("spr") == protocol


def test_a_signature_signs_no_other(container_uri):
    assert open_store(container_uri, "SharedAccessSignature=sv=1&sig=x").direct("") is None


def test_signing_with_the_accounts_key_sends_no_request(relay, relayed_store):
    direct = relayed_store.direct("")
    # The first of a process looks whether the container is there.
    direct.whole("a", "text/plain")
    relay.requests.clear()
    for number in range(20):
        direct.whole(f"a{number}", "text/plain")
        direct.begin(f"b{number}", 3, "text/plain")
    assert relay.requests == []


def keys_fetched(relay):
    return [line for line in relay.requests if "comp=userdelegationkey" in line]


def test_a_delegation_key_signs_many_times(secure_relay, delegated_store):
    direct = delegated_store.direct("")
    for number in range(20):
        assert "sktid" in query(direct.whole(f"a{number}", "text/plain").url)
    assert len(keys_fetched(secure_relay)) == 1


def test_an_identity_that_may_not_have_a_delegation_key_is_told_the_role(secure_relay, delegated_store):
    secure_relay.meddle = refuse_keys
    with pytest.raises(GenesisError, match="'Storage Blob Delegator'") as refusal:
        delegated_store.direct("").whole("a", "text/plain")
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "30")
    assert "AuthorizationPermissionMismatch" in refusal.value.message


def test_a_service_that_gives_no_delegation_key_is_unavailable(no_retries, secure_relay, delegated_store):
    secure_relay.meddle = lambda line, send: None if "comp=userdelegationkey" in line else send()
    with pytest.raises(GenesisError, match="Blob Storage failed") as failure:
        delegated_store.direct("").whole("a", "text/plain")
    assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")


class Desk:
    """Hands out delegation keys, until told to fail; its clock is the test's."""

    def __init__(self):
        self.now = NOW
        self.asked = []
        self.failure = None
        self.busy = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.arrived = threading.Semaphore(0)

    def clock(self):
        """Every thread that wants a key looks at it, just before it decides what to do."""
        self.arrived.release()
        return self.now

    def __call__(self, start, end, patient):
        from azure.storage.blob import UserDelegationKey

        self.asked.append((start, end, patient))
        self.busy.set()
        assert self.open.wait(30)
        if self.failure:
            raise self.failure
        key = UserDelegationKey()
        key.value, key.signed_expiry = f"key {len(self.asked)}", f"{end:%Y-%m-%dT%H:%M:%SZ}"
        return key


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def keys(desk):
    return DelegationKeys(desk, desk.clock)


def current(keys, desk, seconds=900):
    return keys(desk.now + timedelta(seconds=seconds))["user_delegation_key"].value


def test_a_delegation_key_is_kept_until_half_its_life_is_over(keys, desk):
    assert current(keys, desk) == "key 1"
    desk.now = NOW + KEY_LIFE - KEY_REFRESH - timedelta(seconds=2)
    assert current(keys, desk) == "key 1"
    desk.now += timedelta(seconds=3)
    assert current(keys, desk) == "key 2"
    [(start, end, patient), (_, _, hurried)] = desk.asked
    assert start <= NOW - timedelta(minutes=5)
    assert end == NOW + KEY_LIFE
    assert (patient, hurried) == (True, False)


def test_sixteen_threads_fetch_one_delegation_key(keys, desk):
    desk.open.clear()
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(current, keys, desk) for _ in range(16)]
        for _ in range(16):
            assert desk.arrived.acquire(timeout=30)
        desk.open.set()
        assert {key.result() for key in asked} == {"key 1"}
    assert len(desk.asked) == 1


def test_the_old_key_signs_while_a_new_one_is_on_its_way(keys, desk):
    current(keys, desk)
    desk.now += KEY_REFRESH + timedelta(hours=1)
    desk.busy.clear()
    desk.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(current, keys, desk)
        assert desk.busy.wait(30)
        assert {current(keys, desk) for _ in range(16)} == {"key 1"}
        assert not first.done()
        desk.open.set()
        assert first.result() == "key 2"
    assert (current(keys, desk), len(desk.asked)) == ("key 2", 2)


def test_the_old_key_signs_as_long_as_it_lives_while_no_new_one_is_to_be_had(keys, desk):
    current(keys, desk)
    desk.failure = unavailable("no key")
    desk.now = NOW + KEY_LIFE - timedelta(minutes=16)
    assert [current(keys, desk) for _ in range(16)] == ["key 1"] * 16
    assert len(desk.asked) == 2
    desk.now += KEY_PAUSE
    assert current(keys, desk, 840) == "key 1"
    assert len(desk.asked) == 3
    # What would outlive the key cannot be signed with it.
    with pytest.raises(GenesisError, match="no key"):
        current(keys, desk, 960)
    desk.failure = None
    assert current(keys, desk, 960) == "key 5"


def test_a_failure_to_get_the_first_key_is_told_to_all_who_wait_and_the_next_tries_again(keys, desk):
    desk.failure = unavailable("no key")
    desk.open.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(current, keys, desk)
        assert desk.busy.wait(30)
        others = [pool.submit(current, keys, desk) for _ in range(7)]
        for _ in range(8):
            assert desk.arrived.acquire(timeout=30)
        desk.open.set()
        for asked in (first, *others):
            with pytest.raises(GenesisError, match="no key"):
                asked.result()
    desk.failure = None
    assert current(keys, desk) == "key 2"


def test_a_failure_that_is_not_the_services_ends_the_flight_too(keys, desk):
    desk.failure = RuntimeError("out of memory")
    with pytest.raises(RuntimeError):
        current(keys, desk)
    desk.failure = None
    assert current(keys, desk) == "key 2"


def test_the_accounts_key_is_not_seen_in_what_signs_with_it():
    container = Container("http://127.0.0.1:1/a", "c", "", {"account_name": "a", "account_key": "c2VjcmV0"})
    assert "c2VjcmV0" not in repr(Signer("a", secret(container), 15))


def test_a_store_says_whether_it_may_sign(store):
    assert store.check_signing()


@pytest.mark.parametrize(("credential", "minutes"), [("SharedAccessSignature=sv=1&sig=x", 15), (KEYED, 0)])
def test_a_store_that_signs_nothing_says_so(credential, minutes):
    assert open_store(EMULATOR, credential, minutes).check_signing() is False


def test_a_store_without_the_role_to_sign_says_so(secure_relay, delegated_store):
    secure_relay.meddle = refuse_keys
    with pytest.raises(GenesisError, match="'Storage Blob Delegator'"):
        delegated_store.check_signing()


def refuse_keys(line, send):
    """A storage that gives its keys to nobody."""
    if "comp=userdelegationkey" not in line:
        return send()
    return Reply(403, {"x-ms-error-code": "AuthorizationPermissionMismatch"})
