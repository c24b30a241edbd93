"""What has to be so before a policy may enforce, and how its file says then that it does."""
