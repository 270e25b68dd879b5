raise SystemExit("sitecustomize ran")
