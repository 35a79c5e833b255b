"""``genesis validate``: what a careful person checks after a deployment. It is a client."""
