"""`tensorgrade serve`: the whole service with one command, as child processes that are looked after."""
