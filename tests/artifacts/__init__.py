"""The artifact stores, all held to one suite, and what is particular to each."""
