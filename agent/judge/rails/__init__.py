"""Guard rails: what keeps an approval from being carried out by the agent alone, whatever policies say."""
