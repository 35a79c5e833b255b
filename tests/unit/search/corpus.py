"""Filters and orders, right and wrong, one a line; what they mean is MLflow's to say."""

RUN_FILTERS = """
metrics.acc > 0.5
metrics.acc >= 5
metrics.acc = -1
metrics.acc != 1e-3
metrics.acc < .5
metrics.acc <= 12345678901234567890
metric.acc=1
metrics.acc LIKE 'x'
metrics.acc IN (1, 2)
metrics.acc > '0.5'
metrics.acc > x
metrics.acc IS NULL
metrics.acc IS NOT NULL
metrics.`a b/c.d` > 1
metrics."a b" > 1
metrics.'a b' > 1
metrics.a.b.c > 1
`metrics`.acc > 1
METRICS.acc > 1
params.lr = '0.1'
params.lr = "0.1"
params.lr != '0.1'
params.lr LIKE '0%'
params.lr ilike '0%'
params.lr > '0.1'
params.lr = 0.1
params.lr = lr
params.lr = `lr`
params.lr = ''
params.lr = 'it''s'
params.lr = "it's"
params.lr = 'a" OR "b'
params.lr IN ('a', 'b')
params.lr NOT IN ('a')
params.lr IS NULL
params.lr IS NOT NULL
params.lr is null
param.lr = 'x'
parameter.lr = 'x'
parameters.lr = 'x'
tags.team = 'red'
tag.team != 'red'
tags.`mlflow.source.name` = 'x'
tags.mlflow.source.name = 'x'
tags.team LIKE '%e_'
tags.team < 'x'
tags.team IS NULL
tags.team IS NOT NULL
tags.team is not null
tags.version = 5
attributes.status = 'FINISHED'
attribute.status != 'FINISHED'
attr.status = 'FINISHED'
run.status = 'FINISHED'
status = 'FINISHED'
status LIKE 'F%'
status ILIKE 'f%'
status > 'F'
status IN ('FINISHED', 'FAILED')
status IS NULL
run_id = 'a'
run_id IN ('a', 'b', "c")
run_id NOT IN ('a')
run_id IN ('a')
run_id IN ()
run_id IN (1, 2)
run_id IN ('a', 2)
run_id IN 'a'
run_id in ('a')
attributes.run_id IN ('a')
run_name = 'x'
attributes.run_name LIKE 'x%'
attributes.`run name` = 'x'
`run name` = 'x'
`Run Name` = 'x'
run_name IN ('a')
artifact_uri LIKE 's3%'
user_id = 'ann'
start_time > 5
start_time >= 5.5
start_time = '5'
start_time LIKE '5'
start_time IN (5)
start_time > x
created > 5
Created > 5
end_time != 5
attributes.lifecycle_stage = 'active'
attributes.unknown = 'x'
unknown = 'x'
unknown.key = 'x'
dataset.name = 'iris'
datasets.digest = 'd'
dataset.context LIKE 'tr%'
dataset.context ILIKE 'TR%'
dataset.name IN ('a', 'b')
dataset.name NOT IN ('a', 'b')
dataset.name > 'a'
dataset.name = 5
dataset.schema = 'x'
dataset.name IS NULL
metrics.acc > 1 AND params.lr = 'x'
metrics.acc > 1 and params.lr = 'x' AnD tags.t = 'y'
metrics.acc > 1 OR params.lr = 'x'
metrics.acc > 1, params.lr = 'x'
metrics.acc > 1;
metrics.acc > 1; metrics.acc > 2
NOT metrics.acc > 1
(metrics.acc > 1)
(metrics.acc > 1) AND tags.t = 'y'
metrics.acc > 1 AND
metrics.acc > 1 tags.t = 'x'
AND metrics.acc > 1
metrics.acc > 1 AND AND tags.t = 'x'
metrics.acc
metrics.acc >
> 1
= 'x'
1 > metrics.acc
'x' = params.lr
metrics.acc > 1 > 2
metrics.acc == 1
metrics.acc <> 1
metrics.acc =! 1
metrics.acc + 1 > 2
metrics.acc > 1 + 1
metrics.acc BETWEEN 1 AND 2
metrics. > 1
.acc > 1
metrics.`acc > 1
params.lr = 'x
params.lr = x'
SELECT * FROM runs
tags.t = 'y' -- comment
tags.t = 'y' /* comment */
tags.t IS NULL AND params.p = 'x'
params.p = 'x' AND tags.t IS NULL
tags.t IS NULL AND tags.u IS NOT NULL AND metrics.m > 1
run_id IN ('a') AND metrics.m > 1
metrics.m > 1 AND run_id NOT IN ('a', 'b') AND tags.t IS NOT NULL
tags.t NOT LIKE 'x'
tags.t IS 'x'
tags.größe = 'groß'
params.`größe` = '损失'
params.order = 'x'
params.date = 'x'
params.name = 'x'
metrics.count > 1
metrics.timestamp > 1
tags.key = 'x'
tags.t = TRUE
tags.t = NULL
'tags'.t = 'x'
"tags".t = 'x'
params.'lr' = 'x'
params.`lr`.x = 'x'
params.lr='x'AND params.b='y'
params.lr = 'a\\b'
params.lr = 'a%b_c'
attributes.start_time > 99999999999
attributes.end_time <= 1e3
metrics.acc > 0x10
metrics.acc > 1_000
metrics.acc > -.5
metrics.acc > +1
metrics.acc > - 1
metrics.acc > --1
metrics.acc > inf
metrics.acc > nan
""".strip("\n").splitlines()

EXPERIMENT_FILTERS = """
name = 'x'
name != 'x'
name LIKE 'x%'
name ILIKE 'x%'
name ilike 'x%'
name like 'x%'
name > 'x'
name IN ('a', 'b')
name = 5
name = x
name IS NULL
attribute.name = 'x'
attributes.name = 'x'
attr.name = 'x'
experiment_id = '5'
experiment_id != '5'
experiment_id = 5
experiment_id IN ('5', '6')
experiment_id NOT IN ('5')
experiment_id IN (5)
experiment_id LIKE '5'
experiment_id = 'x'
experiment_id IN ('x')
creation_time > 5
creation_time >= 5.5
creation_time = '5'
creation_time LIKE '5'
creation_time IN (5)
last_update_time < 5
attribute.creation_time > 5
attribute.last_update_time != 5
lifecycle_stage = 'active'
unknown = 'x'
tag.team = 'red'
tags.team != 'red'
tags.`a.b` LIKE 'x%'
tags.a.b ILIKE 'x%'
tags.team IN ('a')
tags.team > 'a'
tags.team IS NULL
tags.team IS NOT NULL
tags.team is null
tags.team = 5
metrics.m > 1
params.p = 'x'
name = 'a' AND tags.t = 'b'
name = 'a' OR tags.t = 'b'
name = 'a' AND
name = 'a'; name = 'b'
name
name =
(name = 'a')
""".strip("\n").splitlines()

RUN_ORDERS = """
metrics.acc
metrics.acc ASC
metrics.acc DESC
metrics.acc asc
metrics.acc desc
metrics.acc   DESC
metrics.acc FOO
metrics.acc DESC NULLS LAST
metrics.acc, metrics.b
metrics.`a b`
metrics.`a b` DESC
metrics."a b" DESC
metrics.a.b
params.lr
param.lr DESC
parameters.lr
tags.team DESC
tag.`mlflow.user`
attributes.start_time
attributes.start_time DESC
start_time
start_time DESC
created DESC
Created
end_time
status
run_id DESC
run_name
run name
`run name`
`Run Name` DESC
attributes.`run name`
artifact_uri
user_id
dataset.name
datasets.name DESC
unknown
unknown.key
timestamp
timestamp DESC
metrics
metrics.
DESC
1
'x'
metrics.acc > 1
metrics.acc;
start_time; end_time
metrics.timestamp
params.order
params.date DESC
metrics.größe
""".strip("\n").splitlines()

EXPERIMENT_ORDERS = """
name
name ASC
name DESC
name desc
attribute.name
attributes.name
experiment_id
experiment_id DESC
creation_time
creation_time DESC
last_update_time
attribute.last_update_time DESC
lifecycle_stage
unknown
tags.team
tag.team DESC
metrics.m
name FOO
name, experiment_id
name DESC NULLS LAST
timestamp
""".strip("\n").splitlines()
