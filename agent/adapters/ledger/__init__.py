"""What was seen, decided and done, kept in SQLite or PostgreSQL."""
