"""What keeps tenants apart."""

DEFAULT_WORKSPACE = "default"
"""Where requests go that name no workspace."""
