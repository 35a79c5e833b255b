"""What is told of requests: ids, log lines and spans (docs/observability.md)."""
