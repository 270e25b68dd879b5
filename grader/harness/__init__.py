"""What runs inside a sandbox, beside the submission. It imports the standard library, grader.wire and,
lazily, numpy and torch.

It holds no secrets: a submission may read or change all of it, and gains nothing.

    main.py        the loop: a request in, a reply out
    operations.py  what each request does
    objects.py     handles: the objects that stay here
    loader.py      writes and imports the submission        salvage.py  runs what can be run of a file
    that fails at import
    output.py      stdout and stderr, capped                failures.py exceptions with the student's
    frames only
    describe.py    the modules of a network
"""
