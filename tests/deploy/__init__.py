"""How the agent is deployed: each file of `deploy/` linted, rendered or run with its own tool."""
