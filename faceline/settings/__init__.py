"""All parameters together: the schema of `params.yaml`."""
