"""Which build of the UI is served: that of the MLflow with which every call was compared."""

from __future__ import annotations

VERSION = "3.17.2"
WHEEL = f"mlflow-{VERSION}-py3-none-any.whl"
WHEEL_SHA256 = "4e44c03791beb518d8b0a40b0982d958c2634d902f46d67d7907c82107f21fac"
FILES_SHA256 = "e7ae545d8990c508a2ea185feb2bc10eae65571352c38ef951c57f5d5399908f"
"""Of the list of what is taken out of it (``sources.listed``), wherever that was found."""

BUILD = "mlflow/server/js/build/"
LICENCES = f"mlflow-{VERSION}.dist-info/licenses/"
SOURCE_MAPS = ".map"
"""What browsers ask for only while somebody looks for a bug."""


class WrongBuild(Exception):
    """The bytes are not those that were compared; nothing of them is kept."""
