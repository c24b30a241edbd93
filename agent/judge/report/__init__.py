"""How what policies decided, or would have, compares with what people did: life by life, and in numbers."""
