"""The parts of `llmring chat`: the question, the conversation, and what the terminal shows."""
