"""Dask clusters that belong to pilots.

Vocabulary
----------
cluster   a Dask scheduler and its workers; belongs to exactly one pilot
grant     how many workers a cluster may have now; the grants of a pilot's clusters never exceed the pilot's limit
service   the kontor service (hub service `lobby`): may list, start, scale and stop the clusters of every pilot
folder    a cluster's private place on disk: its certificate, its token, its logs, its scratch space

The parts
---------
`user`, `authenticator`      who calls, and which pilots they may run code for
`options`, `limits`          what may be asked for, and how much of it
`backend`                    starting, scaling and ending clusters
`folders`, `cluster_token`, `environment`, `processes`   what a cluster's processes get, and how they end
`guard`, `routes`            malformed requests; our own list of clusters
`config`, `application`      from the installation to a running gateway (`python -m kontor.clusters --state DIR`)
`client`                     the kontor service's side

Importing this package imports none of them: `cluster_token` and `client` are used where Dask Gateway is not installed.
"""
