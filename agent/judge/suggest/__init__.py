"""What people consistently decided -> drafts of policies, each with cases, for people to read."""
