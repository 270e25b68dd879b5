"""A worker: claims jobs, grades them with one warm engine, and writes what comes of it.

process.py  the parts of a running worker     bench.py     as many gradings at once as there are places
grader.py   the engine, kept up to date       stages.py    one job: from upload to score
heart.py    leases, sweeping, missed rings    progress.py  results test by test
tasks.py    what a message does               celery_app.py

    python -m api.worker
"""
