"""Sandboxes that are made by a server process: the protocol, its client, and a backend that starts one."""
