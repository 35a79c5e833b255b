"""The bench: its client, its sums and its report; no timing."""
