"""OpenAI-compatible servers as a table: one row each."""

from collections.abc import Mapping

from msgspec import Struct

from llmring.dialects.call_ids import ANY, CallIds
from llmring.dialects.dialect import EVERY_FIELD, Quirks
from llmring.providers.batch_apis import BatchApiName


class Preset(Struct, frozen=True, kw_only=True):
    """A service, or a program that serves models, with an OpenAI-compatible API.

    Attributes:
        name: The first half of a model reference.
        title: The name that its makers use.
        base_url: Its address; names in braces are replaced by the values of these environment
            variables. The environment variable `NAME_BASE_URL` overrides it.
        source: The page that documents the address.
        hosts: Further hosts of the vendor; see `Provider`.
        key_env: Environment variables that hold the key; the first one set wins. Empty if the
            server needs no key.
        key_header: The header that carries the key, if it is not a bearer token.
        apis: Further OpenAI APIs that the server offers.
        second_api: The one of them for requests that Chat Completions can't serve; see `Provider`.
        quirks: Differences from other servers.
        batches: The name of its batch API, if it has one.
    """

    name: str
    title: str
    base_url: str
    source: str
    hosts: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    key_header: str | None = None
    apis: tuple[str, ...] = ()
    second_api: str | None = None
    quirks: Quirks = Quirks()
    batches: BatchApiName | None = None

    @property
    def base_url_env(self) -> str:
        """The environment variable that overrides the address."""
        return f"{self.name.upper()}_BASE_URL"


_RESPONSES = ("responses",)

_SERVICES = (
    Preset(
        name="azure",
        title="Azure OpenAI",
        base_url="{AZURE_OPENAI_ENDPOINT}/openai/v1",
        source="https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        # https://learn.microsoft.com/azure/ai-services/cognitive-services-custom-subdomains
        hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
        key_env=("AZURE_OPENAI_API_KEY",),
        key_header="api-key",
        apis=_RESPONSES,
        # https://github.com/can1357/oh-my-pi/issues/11052
        second_api="responses",
        quirks=Quirks(
            max_tokens_field="max_completion_tokens",
            caching="keys",
            message_fields=frozenset({"refusal", "annotations", "audio"}),
        ),
    ),
    Preset(
        name="baseten",
        title="Baseten",
        base_url="https://inference.baseten.co/v1",
        source="https://docs.baseten.co/inference/model-apis/overview",
        key_env=("BASETEN_API_KEY",),
    ),
    Preset(
        name="bedrock",
        title="Amazon Bedrock",
        base_url="https://bedrock-runtime.{AWS_REGION}.amazonaws.com/openai/v1",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html",
        # https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html
        hosts=("bedrock-mantle.{AWS_REGION}.api.aws",),
        key_env=("AWS_BEARER_TOKEN_BEDROCK",),
        apis=_RESPONSES,
        quirks=Quirks(max_tokens_field="max_completion_tokens"),
    ),
    Preset(
        name="cerebras",
        title="Cerebras",
        base_url="https://api.cerebras.ai/v1",
        source="https://inference-docs.cerebras.ai/resources/openai",
        key_env=("CEREBRAS_API_KEY",),
        quirks=Quirks(
            max_tokens_field="max_completion_tokens",
            # https://inference-docs.cerebras.ai/capabilities/reasoning
            think_tags="read",
        ),
    ),
    Preset(
        name="cloudflare",
        title="Cloudflare Workers AI",
        base_url="https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1",
        source="https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/",
        key_env=("CLOUDFLARE_API_TOKEN",),
    ),
    Preset(
        name="cohere",
        title="Cohere",
        base_url="https://api.cohere.ai/compatibility/v1",
        source="https://docs.cohere.com/docs/compatibility-api",
        key_env=("COHERE_API_KEY", "CO_API_KEY"),
        quirks=Quirks(stream_usage=False),
    ),
    Preset(
        name="dashscope",
        title="Alibaba Cloud Model Studio (Qwen)",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        source="https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",
        key_env=("DASHSCOPE_API_KEY",),
        quirks=Quirks(
            reasoning="budget",
            # https://www.alibabacloud.com/help/en/model-studio/context-cache
            caching="marks",
        ),
    ),
    Preset(
        name="databricks",
        title="Databricks",
        base_url="{DATABRICKS_HOST}/serving-endpoints",
        source="https://docs.databricks.com/machine-learning/model-serving/score-foundation-models.html",
        # https://docs.databricks.com/aws/en/workspace/workspace-details
        hosts=(".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"),
        key_env=("DATABRICKS_TOKEN",),
    ),
    Preset(
        name="deepinfra",
        title="DeepInfra",
        base_url="https://api.deepinfra.com/v1/openai",
        source="https://deepinfra.com/docs/openai_api",
        key_env=("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        quirks=Quirks(reports_cost=("estimated_cost",)),
    ),
    Preset(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        source="https://api-docs.deepseek.com/",
        key_env=("DEEPSEEK_API_KEY",),
        quirks=Quirks(
            # https://api-docs.deepseek.com/guides/json_mode
            json_schema=False,
            reasoning="switch_and_effort",
            reasoning_field="reasoning_content",
            # https://api-docs.deepseek.com/guides/thinking_mode#tool-calls
            reasoning_on="all",
        ),
    ),
    Preset(
        name="fireworks",
        title="Fireworks AI",
        base_url="https://api.fireworks.ai/inference/v1",
        source="https://docs.fireworks.ai/tools-sdks/openai-compatibility",
        key_env=("FIREWORKS_API_KEY",),
        apis=_RESPONSES,
        quirks=Quirks(reasoning_field="reasoning_content"),
    ),
    Preset(
        name="github",
        title="GitHub Models",
        base_url="https://models.github.ai/inference",
        source="https://docs.github.com/en/rest/models/inference",
        key_env=("GITHUB_TOKEN",),
    ),
    Preset(
        name="groq",
        title="Groq",
        base_url="https://api.groq.com/openai/v1",
        source="https://console.groq.com/docs/openai",
        key_env=("GROQ_API_KEY",),
        apis=_RESPONSES,
        # https://console.groq.com/docs/reasoning
        quirks=Quirks(think_tags="read"),
        batches="groq",
    ),
    Preset(
        name="huggingface",
        title="Hugging Face Inference Providers",
        base_url="https://router.huggingface.co/v1",
        source="https://huggingface.co/docs/inference-providers/index",
        key_env=("HF_TOKEN",),
        apis=_RESPONSES,
        # Some of the services behind it leave the tags of DeepSeek R1.
        # https://github.com/pydantic/pydantic-ai/tree/main/tests/models/cassettes/test_huggingface
        quirks=Quirks(think_tags="read"),
    ),
    Preset(
        name="minimax",
        title="MiniMax",
        base_url="https://api.minimax.io/v1",
        source="https://platform.minimax.io/docs/api-reference/text-openai-api",
        key_env=("MINIMAX_API_KEY",),
        quirks=Quirks(
            max_tokens_field="max_completion_tokens",
            json_schema=False,
            # It accepts "adaptive" and "disabled", but no amounts.
            reasoning=None,
            # Its page wants the reasoning of earlier turns kept in the content.
            think_tags="returned",
            # https://platform.minimax.io/docs/guides/text-m2-function-call
            reasoning_field="reasoning_details",
        ),
    ),
    Preset(
        name="mistral",
        title="Mistral AI",
        base_url="https://api.mistral.ai/v1",
        source="https://docs.mistral.ai/api/",
        key_env=("MISTRAL_API_KEY",),
        quirks=Quirks(
            # It rejects the field, and reports usage in every stream anyway.
            # https://github.com/openai/openai-agents-python/issues/442
            stream_usage=False,
            # https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py
            call_ids=CallIds("[a-zA-Z0-9]{9}", length=9),
            bridges=True,
        ),
        batches="mistral",
    ),
    Preset(
        name="moonshot",
        title="Moonshot AI (Kimi)",
        base_url="https://api.moonshot.ai/v1",
        source="https://platform.kimi.ai/docs/overview",
        key_env=("MOONSHOT_API_KEY",),
        quirks=Quirks(
            max_tokens_field="max_completion_tokens",
            json_schema=False,
            reasoning="switch",
            reasoning_field="reasoning_content",
            # https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model
            reasoning_on="all",
            # The models know the form of their IDs, which include the name of the function.
            # https://huggingface.co/moonshotai/Kimi-K2-Instruct/blob/main/docs/tool_call_guidance.md
            call_ids=ANY,
        ),
    ),
    Preset(
        name="nebius",
        title="Nebius Token Factory",
        base_url="https://api.tokenfactory.nebius.com/v1",
        source="https://docs.tokenfactory.nebius.com/quickstart",
        key_env=("NEBIUS_API_KEY",),
    ),
    Preset(
        name="nvidia",
        title="NVIDIA NIM",
        base_url="https://integrate.api.nvidia.com/v1",
        source="https://docs.api.nvidia.com/nim/reference/llm-apis",
        key_env=("NVIDIA_API_KEY",),
        # https://docs.nvidia.com/nim/large-language-models/latest/thinking-budget-control.html
        # No finish reason seen with GLM: https://github.com/earendil-works/pi/issues/6226
        quirks=Quirks(think_tags="read", may_omit_reason=True),
    ),
    Preset(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        source="https://openrouter.ai/docs/quickstart",
        key_env=("OPENROUTER_API_KEY",),
        apis=_RESPONSES,
        quirks=Quirks(
            reasoning="object",
            reasoning_field="reasoning_details",
            # https://openrouter.ai/docs/features/multimodal/pdfs
            message_fields=frozenset({"annotations"}),
            # https://openrouter.ai/docs/features/prompt-caching
            caching="marks",
            reports_cost=("cost",),
        ),
    ),
    Preset(
        name="perplexity",
        title="Perplexity Sonar",
        base_url="https://api.perplexity.ai",
        source="https://docs.perplexity.ai/docs/sonar/openai-compatibility",
        key_env=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
        # https://docs.perplexity.ai/getting-started/models/models/sonar-reasoning-pro
        quirks=Quirks(reports_cost=("cost",), think_tags="read"),
    ),
    Preset(
        name="sambanova",
        title="SambaNova",
        base_url="https://api.sambanova.ai/v1",
        source="https://docs.sambanova.ai/docs/en/features/openai-compatibility",
        key_env=("SAMBANOVA_API_KEY",),
        # https://docs.sambanova.ai/docs/en/features/reasoning
        quirks=Quirks(think_tags="read"),
    ),
    Preset(
        name="scaleway",
        title="Scaleway Generative APIs",
        base_url="https://api.scaleway.ai/v1",
        source="https://www.scaleway.com/en/docs/generative-apis/quickstart/",
        key_env=("SCW_SECRET_KEY",),
    ),
    Preset(
        name="together",
        title="Together AI",
        base_url="https://api.together.ai/v1",
        source="https://docs.together.ai/docs/inference/openai-compatibility",
        key_env=("TOGETHER_API_KEY",),
        # https://docs.together.ai/docs/deepseek-r1
        quirks=Quirks(think_tags="read"),
        batches="together",
    ),
    Preset(
        name="vercel",
        title="Vercel AI Gateway",
        base_url="https://ai-gateway.vercel.sh/v1",
        source="https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions",
        key_env=("AI_GATEWAY_API_KEY",),
        apis=_RESPONSES,
        quirks=Quirks(reasoning="object", reasoning_field="reasoning_details"),
    ),
    Preset(
        name="xai",
        title="xAI (Grok)",
        base_url="https://api.x.ai/v1",
        source="https://docs.x.ai/docs/api-reference",
        key_env=("XAI_API_KEY",),
        apis=_RESPONSES,
        quirks=Quirks(
            max_tokens_field="max_completion_tokens",
            reports_cost=("cost_in_usd_ticks",),
            # https://docs.x.ai/docs/guides/tools/overview
            searches=True,
        ),
    ),
    Preset(
        name="zai",
        title="Z.ai (GLM)",
        base_url="https://api.z.ai/api/paas/v4",
        source="https://docs.z.ai/guides/develop/openai/introduction",
        key_env=("ZAI_API_KEY",),
        quirks=Quirks(
            # https://docs.z.ai/guides/capabilities/struct-output
            json_schema=False,
            reasoning="switch_and_effort",
            reasoning_field="reasoning_content",
        ),
    ),
)

_PROGRAMS = (
    Preset(
        name="litellm",
        title="LiteLLM proxy",
        base_url="http://localhost:4000/v1",
        source="https://docs.litellm.ai/docs/proxy/user_keys",
        key_env=("LITELLM_PROXY_API_KEY", "LITELLM_API_KEY"),
        apis=_RESPONSES,
        quirks=Quirks(
            # https://docs.litellm.ai/docs/reasoning_content
            reasoning_field="reasoning_content",
            message_fields=EVERY_FIELD,
            # https://docs.litellm.ai/docs/completion/prompt_caching
            caching="marks",
            # In streams, the usage has it if the proxy is set up so.
            reports_cost=("x-litellm-response-cost", "cost"),
        ),
    ),
    Preset(
        name="llamacpp",
        title="llama.cpp (llama-server)",
        base_url="http://localhost:8080/v1",
        source="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        apis=_RESPONSES,
        quirks=Quirks(
            any_schema=True,
            reasoning="template",
            reasoning_field="reasoning_content",
            # With --reasoning-format none.
            think_tags="read",
            call_ids=ANY,
        ),
    ),
    Preset(
        name="lmstudio",
        title="LM Studio",
        base_url="http://localhost:1234/v1",
        source="https://lmstudio.ai/docs/developer/openai-compat",
        apis=_RESPONSES,
        # https://lmstudio.ai/docs/app/basics/chat: separating the reasoning is a setting.
        quirks=Quirks(any_schema=True, think_tags="read", call_ids=ANY),
    ),
    Preset(
        name="sglang",
        title="SGLang",
        base_url="http://localhost:30000/v1",
        source="https://docs.sglang.ai/basic_usage/openai_api_completions.html",
        quirks=Quirks(
            any_schema=True,
            reasoning="template",
            reasoning_field="reasoning_content",
            # Without --reasoning-parser.
            think_tags="read",
            call_ids=ANY,
        ),
    ),
    Preset(
        name="vllm",
        title="vLLM",
        base_url="http://localhost:8000/v1",
        source="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        apis=_RESPONSES,
        quirks=Quirks(
            any_schema=True,
            reasoning="template",
            # https://docs.vllm.ai/en/latest/features/reasoning_outputs.html
            reasoning_field="reasoning",
            # Without --reasoning-parser.
            think_tags="read",
            call_ids=ANY,
        ),
    ),
)

PRESETS: Mapping[str, Preset] = {row.name: row for row in (*_SERVICES, *_PROGRAMS)}
