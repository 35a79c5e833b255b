"""Prompts: registered models with a tag, which searches hide unless they are asked for."""

from tests.parity.scenes import Call, Scene, get, post
from tests.parity.script.registered_models import PROMPT, latest, model, patch, remove, shown, version

IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"
TEXT = {"key": "mlflow.prompt.text", "value": "Greet everybody"}


def prompt_version(name: str, /, **fields: object) -> Call:
    return version(name, **{"source": "dummy-source", "tags": [PROMPT, TEXT], **fields})


def found(filter: str, /, **query: object) -> Call:
    return get("registered-models/search", filter=f"name LIKE 'pr-%' AND {filter}", **query)


def versions(filter: str, /, **query: object) -> Call:
    return get("model-versions/search", filter=f"name LIKE 'pr-%' AND {filter}", **query)


SCENES = [
    Scene(
        "prompts",
        [
            model("pr-one", tags=[PROMPT, {"key": "team", "value": "blue"}]),
            shown("pr-one"),
            prompt_version("pr-one", description="the first words"),
            prompt_version("pr-one", source="prompt-template"),
            get("model-versions/get", name="pr-one", version="1"),
            get("model-versions/get-download-uri", name="pr-one", version="1"),
            post("registered-models/alias", name="pr-one", alias="production", version="1"),
            get("registered-models/alias", name="pr-one", alias="production"),
            get("registered-models/alias", name="pr-one", alias="latest"),
            shown("pr-one"),
            latest("pr-one"),
            post("registered-models/set-tag", name="pr-one", key="owner", value="ann"),
            remove("registered-models/delete-tag", name="pr-one", key="owner"),
            post("model-versions/set-tag", name="pr-one", version="1", key="k", value="v"),
            remove("model-versions/delete-tag", name="pr-one", version="1", key="k"),
            remove("registered-models/alias", name="pr-one", alias="production"),
            patch("registered-models/update", name="pr-one", description="words"),
            patch("model-versions/update", name="pr-one", version="1", description="more words"),
            model("pr-chat", tags=[PROMPT, {"key": "_mlflow_experiment_ids", "value": ",1,"}]),
            prompt_version("pr-chat"),
            model("pr-model", tags=[{"key": "team", "value": "blue"}]),
            version("pr-model"),
            get("registered-models/search", filter="name LIKE 'pr-%'"),
            get("model-versions/search", filter="name LIKE 'pr-%'"),
            *[
                found(filter)
                for filter in (
                    f"{IS_PROMPT} = 'true'",
                    f"{IS_PROMPT} != 'true'",
                    f"{IS_PROMPT} = 'false'",
                    f"{IS_PROMPT} != 'false'",
                    f"{IS_PROMPT} = 'true' AND tags.team = 'blue'",
                    f"{IS_PROMPT} != 'true' AND tags.team = 'blue'",
                    "tag.`mlflow.prompt.is_prompt` = 'true' AND name = 'pr-chat'",
                    f"{IS_PROMPT} = 'true' AND tags.`_mlflow_experiment_ids` ILIKE '%,1,%'",
                    "tags.team = 'blue'",
                )
            ],
            found(f"{IS_PROMPT} = 'true'", order_by=["name DESC"], max_results=1),
            *[
                versions(filter)
                for filter in (
                    f"{IS_PROMPT} = 'true'",
                    f"{IS_PROMPT} != 'true'",
                    f"{IS_PROMPT} = 'false'",
                    f"{IS_PROMPT} != 'false'",
                    f"{IS_PROMPT} = 'true' AND name = 'pr-one' AND version_number = 2",
                    "name = 'pr-one'",
                    "name = 'pr-model'",
                )
            ],
            remove("model-versions/delete", name="pr-one", version="1"),
            remove("registered-models/delete", name="pr-chat"),
            found(f"{IS_PROMPT} = 'true'"),
            versions(f"{IS_PROMPT} = 'true'"),
            post("registered-models/rename", name="pr-one", new_name="pr-renamed"),
            found(f"{IS_PROMPT} = 'true'"),
            versions(f"{IS_PROMPT} = 'true'"),
            remove("registered-models/delete-tag", name="pr-renamed", key="mlflow.prompt.is_prompt"),
            get("registered-models/search", filter="name LIKE 'pr-%'"),
            post("registered-models/set-tag", name="pr-model", key="mlflow.prompt.is_prompt", value="true"),
            get("registered-models/search", filter="name LIKE 'pr-%'"),
            found(f"{IS_PROMPT} = 'true'"),
        ],
    ),
    Scene(
        "prompts: refused",
        [
            model("prr-one", tags=[PROMPT]),
            model("prr-one"),
            model("prr-one", tags=[PROMPT]),
            *[
                prompt_version("prr-one", source=source)
                for source in (
                    "s3://bucket/model",
                    "http://h/x",
                    "Dummy-Source",
                    "dummy-source/",
                    "/local",
                    "models:/prr-one/1",
                    "",
                )
            ],
            prompt_version(
                "prr-one", tags=[{"key": "mlflow.prompt.is_prompt", "value": "TRUE"}], source="s3://b/a"
            ),
            prompt_version("prr-one", tags=[{"key": "mlflow.prompt.is_prompt", "value": "false"}]),
            prompt_version("prr-one", tags=[]),
            prompt_version("prr-one", tags=[PROMPT, {"key": "mlflow.prompt.is_prompt", "value": "no"}]),
            prompt_version("prr-none"),
            prompt_version("prr-one", tags=[PROMPT, {"key": "mlflow.prompt.text", "value": "v" * 100_001}]),
            prompt_version("prr-one", model_id="m-none"),
            prompt_version("prr-one", model_id="m-none", run_id="some-run"),
            prompt_version("prr-one", run_id="some-run"),
            *[
                found(filter)
                for filter in (
                    f"{IS_PROMPT} IS NULL",
                    f"{IS_PROMPT} > 'true'",
                    f"{IS_PROMPT} = true",
                )
            ],
            shown("prr-one"),
        ],
    ),
]
