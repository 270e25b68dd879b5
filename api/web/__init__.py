"""The pages that a browser shows. Everything on them is in the JSON of /api/v1 too."""
