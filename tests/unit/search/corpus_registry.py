"""Filters and orders of registered models and of model versions, right and wrong, one a line."""

BOTH_FILTERS = """
name = 'x'
name != 'x'
name LIKE 'x%'
name ILIKE 'x%'
name ilike 'x%'
name IN ('a', 'b')
name IN ('a')
name not in ('a', "b")
name NOT IN ('a', 'b')
name IN ()
name IN (1)
name IN ('a', 1)
name IN (a)
name IN ({[]: 1})
name IN 'a'
name = ('a')
name LIKE ('a', 'b')
name > 'x'
name < 5
name = 5
name = 5.5
name = x
name = "x"
name = `x`
name = NULL
name = TRUE
name = ''
name IS NULL
name IS NOT NULL
name == 'x'
attribute.name = 'x'
attributes.name = 'x'
attr.name = 'x'
`name` = 'x'
"name" = 'x'
attribute.`name` = 'x'
attribute."name" = 'x'
`attribute`.name = 'x'
tag.team = 'red'
tags.team != 'red'
tags.team LIKE 'r%'
tags.team ilike 'r%'
tags.`a.b` = 'x'
tags."a.b" = 'x'
tags.'a.b' = 'x'
tags.a.b = 'x'
`tags`.team = 'red'
tags.team IN ('red')
tags.team NOT IN ('red')
tags.team > 'red'
tags.team > 5
tags.team = 5
tags.team IS NULL
tags.team IS NOT NULL
tags.`mlflow.prompt.is_prompt` = 'true'
tags.`mlflow.prompt.is_prompt` = 'TRUE'
tags.`mlflow.prompt.is_prompt` != 'False'
tags.`mlflow.prompt.is_prompt` = 'false'
tags.`mlflow.prompt.is_prompt` != 'true'
tags.`mlflow.prompt.is_prompt` LIKE 'true'
tags.`mlflow.prompt.is_prompt` = 'true' AND tags.`mlflow.prompt.is_prompt` = 'false'
tags.`mlflow.prompt.is_prompt` = 'false' AND tags.`mlflow.prompt.is_prompt` = 'true'
tags.`mlflow.prompt.is_prompt` LIKE 'x' AND tags.`mlflow.prompt.is_prompt` = 'true' AND name = 'x'
tags.t = 'x' AND tags.`mlflow.prompt.is_prompt` = 'true'
name = 'x' AND tags.t = 'y' and tags.t LIKE '%'
name = 'x' OR name = 'y'
name = 'x' AND
AND name = 'x'
name = 'x' AND AND name = 'y'
name = 'x'; name = 'y'
name = 'x';
name
name =
= 'x'
'name' = 'x'
(name = 'x')
NOT name = 'x'
name = 'x' -- comment
name = 'x
stage = 'Production'
description = 'x'
aliases = 'x'
creation_timestamp > 5
last_updated_timestamp > 5
metrics.m > 1
params.p = 'x'
zzz = 5 AND name = 5
name = 5 AND zzz = 'x'
name = 5 AND name IS NULL
name = ('a') AND name > 'x'
name > 'x' AND zzz = 'x'
name > 'x' AND name = 5
tags.t > 'x' AND name > 'x'
""".strip("\n").splitlines()

VERSION_FILTERS = """
version_number = 1
version_number != 1
version_number > '1'
version_number <= -5
version_number = ' 1 '
version_number = '1_0'
version_number = 'x'
version_number = ''
version_number = 1.5
version_number = 1e400
version_number > '1.5'
version_number = x
version_number LIKE '1'
version_number LIKE 1.5
version_number IN (1)
version_number IN ('1')
version_number NOT IN ('1')
version_number IS NULL
version = 1
attribute.version_number >= 2
tags.version_number = 1
run_id = 'x'
run_id LIKE 'x%'
run_id IN ('a', 'b')
run_id NOT IN ('a')
run_id in ()
run_id = 5
run_id = 1.5
run_id > 'x'
source_path = 's3://x'
source_path LIKE 's3%'
source_path IN ('a')
source_path = 5
source_path <= 'x'
source = 'x'
current_stage = 'Production'
version_number = 1 AND run_id = 'x' AND name = 'y' AND tags.t = 'z'
version_number LIKE 1 AND version_number = 'x'
version_number = 'x' AND name > 5
""".strip("\n").splitlines()

ORDERS = """
name
name ASC
name DESC
name desc
name   DESC
name FOO
name DESC NULLS LAST
name, timestamp
`name`
`name` DESC
"name"
"name" DESC
'name'
attribute.name
attribute.name DESC
attribute.`name`
attributes.name
tag.name
tags.name DESC
tags.version_number
tags.team
tags.`a b` DESC
metrics.m
timestamp
timestamp ASC
timestamp DESC
timestamp   desc
TIMESTAMP
Timestamp DESC
timestamp FOO
attribute.timestamp
last_updated_timestamp
last_updated_timestamp DESC
creation_timestamp
creation_timestamp ASC
attribute.creation_timestamp
version_number
version_number DESC
attribute.version_number
version
run_id
source_path
DESC
1
name;
name; timestamp
""".strip("\n").splitlines()

MANY_ORDERS = [
    [],
    ["name", "timestamp DESC"],
    ["last_updated_timestamp DESC", "name"],
    ["name", "last_updated_timestamp", "version_number DESC"],
    ["name", "name DESC"],
    ["timestamp", "last_updated_timestamp"],
    ["attribute.name", "tag.name"],
    ["name", "nope"],
    ["nope", "name", "name"],
]
"""More than one at a time: the same field twice breaks MLflow."""
