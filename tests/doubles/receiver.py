"""What a receiver is told by its environment."""

SECRET = "s3cret-of-sixteen-or-more"
OLD_SECRET = "s3cret-of-the-year-before"
TASK_KEY = "c0ffee" + "5a" * 29
REQUIRED = {"SHARED_SECRET": SECRET, "DISPATCH_TOKEN": "t0ken", "PIPELINE_REPOSITORY": "octo/pagewright"}
"""The least that it needs. Without a TASK_KEY the secret must be long."""
