"""All fake vendors of batches, by the names of their APIs."""

from fake_anthropic_batches import FakeAnthropic
from fake_batches import FakeBatches
from fake_gemini_batches import FakeGemini
from fake_openai_batches import FakeGroq, FakeMistral, FakeOpenAI, FakeTogether

VENDORS: dict[str, type[FakeBatches]] = {
    "openai": FakeOpenAI,
    "groq": FakeGroq,
    "together": FakeTogether,
    "mistral": FakeMistral,
    "anthropic": FakeAnthropic,
    "gemini": FakeGemini,
}
