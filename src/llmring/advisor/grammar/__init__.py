"""The grammar of plain English requests: words, phrases, clauses, and the intents they state."""
