"""The command line's side of the service: sign in, hand in, look. It knows HTTP and nothing of the server."""
