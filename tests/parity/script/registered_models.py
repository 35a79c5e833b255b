"""Registered models: create, get, update, rename, delete, tags, latest versions."""

from typing import Any

from tests.parity.scenes import AJAX, Call, Scene, get, post

PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
ANYWHERE = "s3://bucket/model"


def patch(path: str, /, **body: Any) -> Call:
    return Call("PATCH", path, body)


def remove(path: str, /, **body: Any) -> Call:
    return Call("DELETE", path, body)


def model(name: str, /, **fields: Any) -> Call:
    return post("registered-models/create", name=name, **fields)


def shown(name: str, /) -> Call:
    return get("registered-models/get", name=name)


def version(name: str, /, **fields: Any) -> Call:
    return post("model-versions/create", **{"name": name, "source": ANYWHERE, **fields})


def latest(name: str, /, **fields: Any) -> Call:
    return Call(
        "GET", "registered-models/get-latest-versions", query={"name": name, **fields}, any_order=True
    )


def moved(name: str, number: int, stage: str, /, **fields: Any) -> Call:
    """A version's transition to a stage."""
    return post("model-versions/transition-stage", name=name, version=str(number), stage=stage, **fields)


def named(name: str, call: Call) -> Call:
    """The call under a name by which ``deviations`` speaks of it."""
    return Call(call.method, call.path, call.body, call.query, name=name)


SCENES = [
    Scene(
        "model create",
        [
            model("mc-bare"),
            shown("mc-bare"),
            Call("GET", AJAX + "registered-models/get", query={"name": "mc-bare"}),
            model("mc-full", description="All of it", tags=[{"key": "a", "value": "1"}]),
            shown("mc-full"),
            model("mc-empty", description="", tags=[]),
            shown("mc-empty"),
            model("mc-null", description=None, tags=None),
            model("mc-tags", tags=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}, {"key": "l"}]),
            shown("mc-tags"),
            model("mc-tags-long", tags=[{"key": "t" * 250, "value": "v" * 8001}]),
            model("mc-unknown", unknown="ignored", deployment_job_id="job"),
            shown("mc-unknown"),
            post("registered-models/create", name="mc-camel", deploymentJobId="job"),
            Call("POST", AJAX + "registered-models/create", {"name": "mc-ajax"}),
            model("mc spaces and %&?#+'\"`<>|"),
            shown("mc spaces and %&?#+'\"`<>|"),
            model("mc Grüße 🙂 日本語"),
            shown("mc Grüße 🙂 日本語"),
            model("mc-.dots.."),
            model("mc-\\backslash"),
            model(" mc-blanks "),
            shown("mc-blanks"),
            shown(" mc-blanks "),
            model("MC-BARE"),
            shown("MC-bare"),
            model("mc-long" + "n" * 249),
            shown("mc-long" + "n" * 249),
            model("mc-describe", description="d" * 5001),
        ],
    ),
    Scene(
        "model create: refused",
        [
            model("mcr-taken"),
            model("mcr-taken"),
            model("mcr-taken", tags=[PROMPT]),
            model("mcr-taken", tags=[{"key": "mlflow.prompt.is_prompt", "value": "false"}]),
            model("mcr-prompt", tags=[PROMPT]),
            model("mcr-prompt", tags=[PROMPT]),
            model("mcr-prompt"),
            post("registered-models/create"),
            model(""),
            post("registered-models/create", name=None),
            model("   "),
            model("a/b"),
            model("a:b"),
            model("/"),
            model("."),
            model(".."),
            post("registered-models/create", name=5),
            post("registered-models/create", name=["a"]),
            post("registered-models/create", name={}),
            post("registered-models/create", Name="mcr-case"),
            model("mcr-x", description=5),
            model("mcr-x", description=["d"]),
            model("mcr-x", tags="x"),
            model("mcr-x", tags={"key": "k", "value": "v"}),
            named("tag is text", model("mcr-x", tags=["x"])),
            named("tag key is a number", model("mcr-x", tags=[{"key": 5, "value": "v"}])),
            named("tag value is a number", model("mcr-y", tags=[{"key": "k", "value": 5}])),
            model("mcr-x", tags=[{"key": "", "value": "v"}]),
            model("mcr-x", tags=[{"value": "v"}]),
            model("mcr-x", tags=[{"key": "bad?", "value": "v"}]),
            model("mcr-x", tags=[{"key": "../k", "value": "v"}]),
            model("mcr-x", tags=[{"key": "k" * 251, "value": "v"}]),
            model("mcr-x", tags=[{"key": "k", "value": "v" * 100_001}]),
            model("a/b", tags=[{"key": "bad?", "value": "v"}]),
            named("name of 257 characters", model("n" * 257)),
            shown("mcr-x"),
        ],
    ),
    Scene(
        "model get: refused",
        [
            get("registered-models/get"),
            get("registered-models/get", name=""),
            get("registered-models/get", name="mgr-none"),
            get("registered-models/get", name="  "),
            get("registered-models/get", name="a/b"),
            get("registered-models/get", name="a:b"),
            get("registered-models/get", name=".."),
            get("registered-models/get", name="n" * 300),
            Call("GET", "registered-models/get", {"name": 5}),
            Call("POST", "registered-models/get", {"name": "mgr-none"}),
        ],
    ),
    Scene(
        "model update",
        [
            model("mu-one", description="first"),
            patch("registered-models/update", name="mu-one", description="second"),
            shown("mu-one"),
            patch("registered-models/update", name="mu-one", description=""),
            shown("mu-one"),
            patch("registered-models/update", name="mu-one", description="third"),
            patch("registered-models/update", name="mu-one"),
            shown("mu-one"),
            patch("registered-models/update", name="mu-one", description=None),
            version("mu-one"),
            patch("registered-models/update", name="mu-one", description="Grüße 🙂"),
            patch("registered-models/update", name="mu-one", deployment_job_id="job"),
            Call("PATCH", AJAX + "registered-models/update", {"name": "mu-one", "description": "ajax"}),
            patch("registered-models/update", name="mu-none", description="x"),
            patch("registered-models/update", name="a/b", description="x"),
            patch("registered-models/update", name="", description="x"),
            patch("registered-models/update", description="x"),
            patch("registered-models/update", name=5, description="x"),
            patch("registered-models/update", name="mu-one", description=5),
            post("registered-models/update", name="mu-one", description="x"),
            shown("mu-one"),
        ],
    ),
    Scene(
        "model rename",
        [
            model("mr-old", description="kept", tags=[{"key": "k", "value": "v"}]),
            version("mr-old", tags=[{"key": "vk", "value": "vv"}]),
            version("mr-old"),
            post("registered-models/alias", name="mr-old", alias="champion", version="1"),
            moved("mr-old", 2, "Staging"),
            post("registered-models/rename", name="mr-old", new_name="mr-new"),
            shown("mr-old"),
            shown("mr-new"),
            get("model-versions/get", name="mr-new", version="1"),
            get("model-versions/get", name="mr-old", version="1"),
            get("registered-models/alias", name="mr-new", alias="champion"),
            get("registered-models/alias", name="mr-old", alias="champion"),
            get("model-versions/search", filter="name = 'mr-new'"),
            get("model-versions/search", filter="name = 'mr-old'"),
            version("mr-new"),
            version("mr-old"),
            model("mr-old"),
            version("mr-old"),
            post("registered-models/rename", name="mr-new", new_name="mr-old"),
            model("mr-same"),
            post("registered-models/rename", name="mr-same", new_name="mr-same"),
            post("registered-models/rename", name="mr-none", new_name="mr-other"),
            post("registered-models/rename", name="mr-none", new_name="mr-old"),
            post("registered-models/rename", name="mr-new"),
            post("registered-models/rename", name="mr-new", new_name=""),
            post("registered-models/rename", new_name="mr-other"),
            post("registered-models/rename", name="mr-new", new_name="  "),
            post("registered-models/rename", name="mr-new", new_name="a/b"),
            post("registered-models/rename", name="mr-new", new_name="a:b"),
            post("registered-models/rename", name="mr-new", new_name=".."),
            post("registered-models/rename", name="a/b", new_name="mr-other"),
            post("registered-models/rename", name="mr-new", new_name=5),
            post("registered-models/rename", name="mr-new", newName="mr-camel"),
            named(
                "new name of 257 characters",
                post("registered-models/rename", name="mr-same", new_name="m" * 257),
            ),
            shown("mr-new"),
        ],
    ),
    Scene(
        "model delete",
        [
            model("md-one", tags=[{"key": "k", "value": "v"}]),
            version("md-one", tags=[{"key": "k", "value": "v"}]),
            version("md-one"),
            post("registered-models/alias", name="md-one", alias="champion", version="1"),
            remove("registered-models/delete", name="md-one"),
            shown("md-one"),
            get("model-versions/get", name="md-one", version="1"),
            get("registered-models/alias", name="md-one", alias="champion"),
            get("model-versions/search", filter="name = 'md-one'"),
            remove("registered-models/delete", name="md-one"),
            model("md-one"),
            shown("md-one"),
            version("md-one"),
            get("registered-models/alias", name="md-one", alias="champion"),
            Call("DELETE", AJAX + "registered-models/delete", {"name": "md-one"}),
            remove("registered-models/delete", name="md-none"),
            remove("registered-models/delete", name="a/b"),
            remove("registered-models/delete", name=""),
            remove("registered-models/delete"),
            remove("registered-models/delete", name=5),
            Call("DELETE", "registered-models/delete", query={"name": "md-one"}),
        ],
    ),
    Scene(
        "model tags",
        [
            model("mt-one"),
            post("registered-models/set-tag", name="mt-one", key="k", value="v"),
            post("registered-models/set-tag", name="mt-one", key="k", value="w"),
            post("registered-models/set-tag", name="mt-one", key="empty", value=""),
            post("registered-models/set-tag", name="mt-one", key="none"),
            post("registered-models/set-tag", name="mt-one", key="a/b.c d:e-f_g", value="v"),
            post("registered-models/set-tag", name="mt-one", key="k" * 250, value="v" * 9000),
            shown("mt-one"),
            remove("registered-models/delete-tag", name="mt-one", key="k"),
            remove("registered-models/delete-tag", name="mt-one", key="k"),
            remove("registered-models/delete-tag", name="mt-one", key="k" * 250),
            shown("mt-one"),
            post("registered-models/set-tag", name="mt-none", key="k", value="v"),
            post("registered-models/set-tag", name="a/b", key="k", value="v"),
            post("registered-models/set-tag", name="mt-one", key="bad?", value="v"),
            post("registered-models/set-tag", name="mt-one", key="", value="v"),
            post("registered-models/set-tag", name="mt-one", value="v"),
            post("registered-models/set-tag", key="k", value="v"),
            post("registered-models/set-tag", name="mt-one", key="k", value=5),
            post("registered-models/set-tag", name="mt-one", key="k" * 251, value="v"),
            post("registered-models/set-tag", name="mt-one", key="k", value="v" * 100_001),
            post("registered-models/set-tag", name="mt-none", key="bad?", value="v"),
            remove("registered-models/delete-tag", name="mt-none", key="k"),
            remove("registered-models/delete-tag", name="mt-one", key="bad?"),
            remove("registered-models/delete-tag", name="mt-one", key=""),
            remove("registered-models/delete-tag", name="mt-one"),
            remove("registered-models/delete-tag", name="mt-one", key=5),
            shown("mt-one"),
        ],
    ),
    Scene(
        "model latest versions",
        [
            model("ml-one"),
            latest("ml-one"),
            shown("ml-one"),
            *[version("ml-one", tags=[{"key": "n", "value": str(n)}]) for n in range(1, 7)],
            latest("ml-one"),
            moved("ml-one", 1, "Production"),
            moved("ml-one", 2, "Staging"),
            moved("ml-one", 3, "Archived"),
            moved("ml-one", 4, "Staging"),
            post("registered-models/alias", name="ml-one", alias="champion", version="4"),
            post("registered-models/alias", name="ml-one", alias="best", version="4"),
            post("registered-models/alias", name="ml-one", alias="old", version="2"),
            shown("ml-one"),
            latest("ml-one"),
            latest("ml-one", stages=["Staging"]),
            latest("ml-one", stages=["staging", "PRODUCTION"]),
            latest("ml-one", stages=["None"]),
            latest("ml-one", stages=["Archived", "Archived"]),
            Call(
                "POST",
                "registered-models/get-latest-versions",
                {"name": "ml-one", "stages": ["Staging", "None"]},
                any_order=True,
            ),
            Call("POST", "registered-models/get-latest-versions", {"name": "ml-one"}, any_order=True),
            Call(
                "GET",
                AJAX + "registered-models/get-latest-versions",
                query={"name": "ml-one"},
                any_order=True,
            ),
            remove("model-versions/delete", name="ml-one", version="4"),
            latest("ml-one", stages=["Staging"]),
            remove("model-versions/delete", name="ml-one", version="6"),
            shown("ml-one"),
            latest("ml-one", stages=["Bogus"]),
            latest("ml-one", stages=["Staging", "Bogus"]),
            latest("ml-one", stages=[""]),
            latest("ml-none"),
            latest("ml-none", stages=["Bogus"]),
            latest("a/b"),
            get("registered-models/get-latest-versions"),
            post("registered-models/get-latest-versions", name="ml-one", stages="Staging"),
            post("registered-models/get-latest-versions", name="ml-one", stages=[5]),
        ],
    ),
]
