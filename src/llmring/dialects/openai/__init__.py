"""The parts that the two APIs of OpenAI share."""
