"""Names for runs that were given none."""

from __future__ import annotations

import random

FIRST = """
able amber ample brave bright brisk calm clear clever coral cosmic crisp dapper deft eager early fair
fleet fond frank fresh gentle glad golden grand happy hardy honest humble jolly keen kind lively loyal
lucid lucky mellow merry mild neat nimble noble polite proud quick quiet rapid ready robust royal rustic
serene sharp silver smart snug solid spry steady still stout sunny swift tidy upbeat vivid warm wise
witty young zesty
""".split()
SECOND = """
ant ape auk bass bat bear bee bird boar calf carp cat cod colt crab crane crow deer doe dove duck eel
elk finch fish flea fly foal fox frog gnat goat goose grouse gull hare hawk hen hog horse jay kite koi
lamb lark loon lynx mole moose moth mouse mule newt owl ox panda perch pig quail ram ray robin rook seal
shad shark sheep shrew skink slug smelt snail snipe sow squid stag stork swan tern toad trout vole wasp
whale wolf worm wren yak zebra
""".split()


def random_name() -> str:
    """An adjective, an animal and a number up to 1000, as MLflow names runs; at most 20 characters."""
    return f"{random.choice(FIRST)}-{random.choice(SECOND)}-{random.randint(0, 1000)}"  # noqa: S311
