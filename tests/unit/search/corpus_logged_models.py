"""Filters, data sets and orders of logged models, right and wrong; what they mean is MLflow's to say."""

FILTERS = """
name = 'x'
name = x
name = "x"
name = `x`
name = 5
name = 1.5
name = ''
name = '''x'
name = NULL
name = TRUE
name != 'x'
name LIKE 'x%'
name like 'x%'
name ILIKE 'x%'
name LIKE 5
name > 'x'
name == 'x'
name <> 'x'
name IN ('a', 'b')
name IN ('a')
name in ('a', 5, 0.5)
name IN (5)
name IN (1, 2)
name IN ()
name NOT IN ()
name NOT IN ('a', 'b')
name IN (('a', 'b'))
name IN (('a', 'b'), ('c', 'd'))
name IN (['a'])
name IN ({'a'})
name IN ([])
name IN (a)
name IN ('a'
name IN 'a'
name IN ('a', True)
name IN (None)
name IN ('a', b'b')
name IN (1j, 'a')
name IN ({[]: 1})
name IN ('a' 'b')
name IN (99999999999999999999, 1)
name = ('a', 'b')
name = ('a')
name != ('a')
name LIKE ('a')
name = (5)
name != (0.5)
name LIKE (5)
name = ([])
name = (a)
name = (99999999999999999999)
name IS NULL
name IS NOT NULL
attributes.name = 'x'
attribute.name = 'x'
attributes.`name` = 'x'
`name` = 'x'
"name" = 'x'
`attributes`.name = 'x'
Attributes.name = 'x'
model_id = 'm-1'
attributes.model_id IN ('m-1', 'm-2')
model_type = ''
source_run_id = 'x'
status_message LIKE '%'
artifact_location LIKE '%models%'
artifact_uri = 'x'
lifecycle_stage = 'active'
experiment_id = '1'
experiment_id IN ('1', 2)
experiment_id LIKE '1%'
experiment_id > 1
status = 'READY'
status = 'LOGGED_MODEL_READY'
status = READY
status = '2'
status = 2
status = (2)
status != 'READY'
status IN ('READY', 'PENDING')
status IN (2, 3)
status NOT IN ('FAILED', 1)
status IN ()
status NOT IN ()
status LIKE '%READY'
status LIKE '%D'
status LIKE '_'
status LIKE '%'
status LIKE ''
status LIKE 'ready'
status ILIKE 'ready'
status ILIKE '%loaD_faiLed'
status = 'x'
status != 'x'
status > 1
status = ('READY', 'FAILED')
creation_time > 0
creation_timestamp >= 5
creation_timestamp_ms < 1e3
attributes.creation_time > 0
attributes.creation_timestamp > 0
attributes.creation_timestamp_ms > 0
`creation_timestamp` > 0
`creation_timestamp_ms` > 0
last_updated_timestamp != 5
last_updated_timestamp_ms = 5.5
last_updated_time > 5
last_updated_time = 5
attributes.last_updated_timestamp > 0
creation_timestamp > '5'
creation_timestamp > x
creation_timestamp LIKE 5
creation_timestamp IN (5)
creation_timestamp > nan
creation_timestamp != nan
creation_timestamp < inf
creation_timestamp > 1e400
creation_timestamp > 99999999999999999999
creation_timestamp > 1_0
creation_timestamp > (5)
creation_timestamp > -5
metrics.acc > 0.5
metrics.acc >= 5
metrics.acc != -1
metrics.acc = 1e-3
metrics.acc > '0.5'
metrics.acc > x
metrics.acc > -inf
metrics.acc != nan
metrics.acc = infinity
metrics.acc LIKE 5
metrics.acc IN (1, 2)
metrics.acc IS NULL
metrics.`a b/c.d` > 1
metrics.`acc > 1
metrics.``acc`` > 1
metrics."acc" > 1
metrics.'acc' > 1
metrics.a.b > 1
metrics. > 1
metric.acc > 1
Metrics.acc > 1
`metrics`.acc > 1
`metrics.acc` > 1
params.lr = '0.1'
params.lr = 0.1
params.lr IN (0.1, 1)
params.lr LIKE '0%'
params.lr NOT IN ('1', '2')
params.lr > 1
param.lr = '1'
params.`a b` = 'x'
tags.t = 'x'
tags.t.u = 'x'
tags.`` = 'x'
tag.t = 'x'
tags.größe = 'groß'
tags.t IS NULL
unknown = 'x'
zzz = 'x'
attributes.zzz = 'x'
tags = 'x'
metrics = 'x'
params = 'x'
experiment = 'x'
metadata = 'x'
ALIASES = 'x'
__tablename__ = 'logged_models'
5 = 5
'x' = 'x'
1 > metrics.acc
metrics.acc > 1 > 2
timestamp > 0
name = 'x' AND tags.t = 'y' and metrics.m > 1
metrics.m > 1 AND metrics.m < 2 AND metrics.n = 0
params.p = 'x' AND params.p = 'y'
name = 'x' OR name = 'y'
name = 'x' AND
AND name = 'x'
name = 'x' AND AND name = 'y'
name = 'x' name = 'y'
name = 'x', name = 'y'
name = 'x';
name = 'x'; name = 'y'
name
name =
(name = 'x')
NOT name = 'x'
name = 'x' -- comment
name = 'x
and
bad bad
metric.m > 1 AND bad bad
bad bad AND metric.m > 1
attributes.zzz = 'x' AND name > 'x'
metrics.m > x AND name > 'x'
name > 'x' AND metrics.m > x
name = ('a') AND name > 'x'
""".strip("\n").splitlines()

DATASETS = [
    [("d", "x")],
    [("d", "")],
    [("d", "x"), ("d", "y"), ("e", "x")],
    [("d", "x"), ("", "y")],
    [("", "")],
]
DATASET_FILTERS = [
    "",
    "name = 'x'",
    "metrics.m > 1",
    "metrics.m > 1 AND tags.t = 'x' AND metrics.n != nan",
    "bad",
]

FIELDS = """
name
model_id
experiment_id
status
status_message
lifecycle_stage
model_type
source_run_id
artifact_location
artifact_uri
creation_time
creation_timestamp
creation_timestamp_ms
last_updated_timestamp
last_updated_timestamp_ms
last_updated_time
name DESC
`name`
attributes.name
metrics.acc
metrics.a.b
metrics.`acc`
metrics.
metric.acc
params.p
tags.t
tags
experiment
metadata
ALIASES
__tablename__
nope
.
""".strip("\n").splitlines()
