"""The service: accounts, courses, submissions, queue, worker and web. It never runs student code."""
