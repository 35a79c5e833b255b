"""An Azure identity whose tokens look right and are signed by nobody: all that Azurite asks for."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import Any


class Anyone:
    """A token credential, as azure-core wants one."""

    def get_token(self, *scopes: str, **options: object) -> Any:
        from azure.core.credentials import AccessToken

        now = int(time.time())
        tenant = "00000000-0000-0000-0000-000000000001"
        claims = {
            "aud": "https://storage.azure.com",
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now - 60,
            "nbf": now - 60,
            "exp": now + 3600,
            "oid": "00000000-0000-0000-0000-000000000002",
            "tid": tenant,
            "ver": "1.0",
        }
        parts = ({"alg": "RS256", "typ": "JWT"}, claims, "nobody")
        return AccessToken(".".join(_segment(part) for part in parts), now + 3600)

    def close(self) -> None:
        pass


def _segment(part: object) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
