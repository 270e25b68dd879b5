"""The queue: jobs in the database, and doorbells that say "look".

fairness.py  whose turn it is             enqueue.py   a grading becomes jobs
claim.py     a worker takes a job         lease.py     and keeps it, or gives it back
finish.py    results and ends of a job    sweeper.py   what nobody takes care of any more
doorbell.py  "there is work"              position.py  how long a student will wait
"""
