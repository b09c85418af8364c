import { describe, expect, it } from 'vitest';
import { refusalOf, toModelError } from './vendor-failure.ts';

type Said = [who: string, status: number | undefined, message: string, type?: string];

const errorOf = ([, status, message, type]: Said) => toModelError({ vendor: 'V', status, message, type });

/** Each as its vendor says it. */
const TOO_LONG: Said[] = [
  [
    'OpenAI',
    400,
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
  ],
  [
    'OpenAI, in a stream',
    undefined,
    'Your input exceeds the context window of this model.',
    'context_length_exceeded',
  ],
  ['OpenAI, by its code alone', 400, 'No.', 'context_length_exceeded'],
  [
    'OpenAI, of one text',
    400,
    "Invalid 'messages[17].content': string too long. Expected a string with maximum length 1048576, but got a string with length 1744259 instead.",
    'string_above_max_length',
  ],
  [
    'OpenAI, of one text of Responses',
    400,
    "Invalid 'input[0].content': string too long. Expected a string with maximum length 10485760, but got a string with length 62114761 instead.",
    'string_above_max_length',
  ],
  [
    'OpenAI, of many messages',
    400,
    "Invalid 'messages': array too long. Expected an array with maximum length 2048, but got an array with length 2049 instead.",
  ],
  ['Anthropic, of bytes', 413, 'Request exceeds the maximum size', 'request_too_large'],
  ['Groq', 400, 'Please reduce the length of the messages or completion.', 'context_length_exceeded'],
  ['Groq, without a code', 400, 'Please reduce the length of the messages or completion.'],
  ['Bedrock', 400, 'Input is too long for requested model.'],
  [
    'Bedrock behind LiteLLM',
    400,
    'litellm.BadRequestError: BedrockException - {"message":"Input is too long for requested model."}',
  ],
  [
    'Bedrock’s Nova',
    400,
    'Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.',
  ],
  ['LiteLLM', 400, 'litellm.ContextWindowExceededError: litellm.BadRequestError: this model is full'],
  ['Z.ai', 400, 'Prompt exceeds max length', '1261'],
  ['Z.ai, in Chinese', 400, 'Prompt 超长', '1261'],
  ['Z.ai, in Claude’s words', 400, 'The model has reached its context window limit.'],
  ['MiniMax', 400, 'invalid params, context window exceeds limit (2013)'],
  ['MiniMax, with status 200', undefined, 'invalid params, context window exceeds limit (2013)'],
  [
    'llama.cpp',
    400,
    'the request exceeds the available context size, try increasing it',
    'exceed_context_size_error',
  ],
  [
    'llama.cpp, older',
    500,
    'the request exceeds the available context size. try increasing the context size or enable context shift',
  ],
  ['LM Studio’s MLX', 500, 'Context size has been exceeded.'],
  [
    'LM Studio, older',
    400,
    'The number of tokens to keep from the initial prompt is greater than the context length.',
  ],
  ['vLLM, without room', 400, 'max_tokens must be at least 1, got -186.'],
  ['Ollama', 400, 'prompt too long; exceeded max context length by 12 tokens'],
  ['Gemini, of bytes', 400, 'Request payload size exceeds the limit: 20971520 bytes.'],
  ['Salesforce', 400, 'Request input tokens exceed model token limit. Reduce the input size.'],
  [
    'Qwen’s gateway',
    400,
    'String value length (20054016) exceeds the maximum allowed (20000000, from `StreamReadConstraints.getMaxStringLength()`)',
  ],
  ['a proxy', 413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
  ['Cerebras', 413, ''],
];

const WITH_WINDOW: [window: number, ...Said][] = [
  [
    8192,
    'OpenAI, older',
    400,
    "This model's maximum context length is 8192 tokens. However, you requested 8218 tokens (8138 in the messages, 80 in the completion). Please reduce the length of the messages or completion.",
  ],
  [
    272000,
    'OpenAI’s GPT-5',
    400,
    'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 289650 tokens. Please reduce the length of the messages.',
  ],
  [200000, 'Anthropic', 400, 'prompt is too long: 213462 tokens > 200000 maximum'],
  [
    200000,
    'Anthropic, with the answer',
    400,
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
  ],
  [
    131072,
    'xAI',
    400,
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  ],
  [
    129024,
    'Qwen',
    400,
    '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]',
    'InvalidParameter',
  ],
  [
    262144,
    'Kimi',
    400,
    'Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)',
  ],
  [
    131072,
    'DeepSeek',
    400,
    "This model's maximum context length is 131072 tokens. However, you requested 131134 tokens (122942 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
  ],
  [
    32768,
    'Mistral',
    400,
    'Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    '3051',
  ],
  [
    1048576,
    'Gemini',
    400,
    'The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).',
    'INVALID_ARGUMENT',
  ],
  [
    1048575,
    'Gemini behind LiteLLM',
    400,
    'litellm.BadRequestError: VertexAIException BadRequestError - b\'{"error": {"code": 400, "message": "The input token count (1066750) exceeds the maximum number of tokens allowed (1048575)."}}\'',
  ],
  [
    32768,
    'OpenRouter',
    400,
    'This endpoint\'s maximum context length is 32768 tokens. However, you requested about 42832 tokens (42832 of text input). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
  ],
  [
    4096,
    'vLLM, with a large answer',
    400,
    "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens (2000 > 4096 - 2104).",
  ],
  [
    32768,
    'vLLM, newer',
    400,
    "You passed 32769 input tokens and requested 0 output tokens. However, the model's context length is only 32768 tokens, resulting in a maximum input length of 32768 tokens. Please reduce the length of the input prompt.",
  ],
  [
    16384,
    'vLLM, older',
    400,
    'The decoder prompt (length 21535) is longer than the maximum model length of 16384. Make sure that `max_model_len` is no smaller than the number of text tokens.',
  ],
  [
    40960,
    'SGLang',
    400,
    "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
  ],
  [
    256000,
    'SGLang, with the answer',
    400,
    "Requested token count exceeds the model's maximum context length of 256000 tokens. You requested a total of 256878 tokens: 31216 tokens from the input messages and 225662 tokens for the completion.",
  ],
  [
    59862,
    'SGLang, of its memory',
    400,
    'Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a shorter input or enable --allow-auto-truncate.',
  ],
  [
    32768,
    'LM Studio',
    400,
    'Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input.',
  ],
  [
    8192,
    'llama.cpp, newest',
    400,
    'request (10480 tokens) exceeds the available context size (8192 tokens), try increasing it',
    'exceed_context_size_error',
  ],
  [
    2048,
    'TGI',
    422,
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1244 `inputs` tokens and 1000 `max_new_tokens`',
  ],
  [2048, 'llama-cpp-python', 400, 'Requested tokens (2285) exceed context window of 2048'],
  [
    4081,
    'Cohere',
    400,
    'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt, or enable prompt truncating.',
  ],
  [131071, 'Fireworks', 400, 'The prompt is too long: 140000, model maximum context length: 131071'],
  [
    24000,
    'Cloudflare',
    413,
    'The estimated number of input and maximum output tokens (32000) exceeded this model context window limit (24000).',
  ],
  [
    64000,
    'Copilot',
    400,
    'prompt token count of 65204 exceeds the limit of 64000',
    'model_max_prompt_tokens_exceeded',
  ],
  [
    8192,
    'SambaNova',
    400,
    'Requested generation length 1 is not possible! The provided prompt is 9000 tokens long, so generating 1 tokens requires a sequence length of 9001, but the maximum supported sequence length is just 8192!',
  ],
  [
    4096,
    'watsonx',
    400,
    'the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model',
  ],
  [32768, 'DeepInfra', 400, 'Requested input length 40000 exceeds maximum input length 32768'],
  [4096, 'RKLLM', 400, 'Prompt is 11543 tokens but the model context window is 4096 tokens.'],
  [
    65536,
    'SiliconFlow',
    400,
    'length of prompt_tokens (90000) must be less than max_seq_len (65536).',
    '20015',
  ],
  [
    32768,
    'vLLM, with images',
    400,
    'The prompt (total length 40000) is too long to fit into the model (context length 32768). Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.',
  ],
  [
    8000,
    'GitHub Models',
    413,
    'Request body too large for gpt-4o model. Max size: 8000 tokens.',
    'tokens_limit_reached',
  ],
  [
    1048576,
    'Gemini, without brackets',
    400,
    'The input token count exceeds the maximum number of tokens allowed 1048576.',
  ],
  [200000, 'Anthropic, with commas', 400, 'prompt is too long: 213,462 tokens > 200,000 maximum'],
  [
    32768,
    'vLLM, with an answer above the window',
    400,
    'max_tokens=40000 cannot be greater than max_model_len=max_total_tokens=32768. Please request fewer output tokens.',
  ],
  [
    32768,
    'TensorRT-LLM’s PyTorch backend',
    400,
    'The sum of prompt length (38049.0), query length (0) should not exceed max_num_tokens (32768)',
    'BadRequestError',
  ],
  [
    8192,
    'TensorRT-LLM, without room',
    400,
    'default_max_tokens (-120) should be greater than 0, default_max_tokens (-120) = max_seq_len (8192) - splited_prompt_len (8312) - query_token_len (0)',
  ],
  [
    1048576,
    'Gemini on Vertex',
    400,
    'Unable to submit request because the input token count is 1251952 but model only supports up to 1048576. Reduce the input token count and try again.',
  ],
  [7424, 'LM Studio, newer', 400, 'Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)'],
  [
    4096,
    'LM Studio, with numbers',
    400,
    'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 10247 >= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter prompt.',
  ],
  [
    4096,
    'TensorRT-LLM',
    400,
    'Prompt length (5000) exceeds maximum input length (4096). Set log level to info and check TRTGptModel logs for how maximum input length is set',
  ],
];

describe('a prompt that is too long', () => {
  it.each(TOO_LONG)('is recognised in the words of %s', (...said) => {
    const error = errorOf(said);
    expect([error.code, error.details]).toEqual([
      'model_request_refused',
      { error_code: 'context_window_exceeded' },
    ]);
    expect(refusalOf(error)?.size).toEqual({ of: 'prompt' });
  });

  it.each(WITH_WINDOW)('has a window of %i by the words of %s', (limit, ...said) => {
    const error = errorOf(said);
    expect(error.details).toEqual({ error_code: 'context_window_exceeded' });
    expect(refusalOf(error)?.size).toEqual({ of: 'prompt', limit });
  });

  it.each<Said>([
    [
      'Groq',
      413,
      'Request too large for model `m` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 14810, please reduce your message size and try again.',
      'rate_limit_exceeded',
    ],
    [
      'OpenAI',
      429,
      'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 6000, Requested 342389. The input or output tokens must be reduced in order to run successfully.',
      'tokens',
    ],
  ])('may be one that the account of %s never sends in a minute', (...said) => {
    const error = errorOf(said);
    expect([error.code, error.details]).toEqual(['model_rate_limited', undefined]);
    expect(refusalOf(error)?.size).toEqual({ of: 'prompt', limit: 6000 });
  });
});

describe('an answer that may not be so long', () => {
  it.each<[limit: number | undefined, ...Said]>([
    [
      4096,
      'OpenAI',
      400,
      'max_tokens is too large: 6000. This model supports at most 4096 completion tokens, whereas you provided 6000.',
    ],
    [
      131072,
      'MiMo',
      400,
      'Param Incorrect: max_tokens is too large: 1048576. This model supports at most 131072 completion tokens, whereas you provided 1048576.',
    ],
    [
      64000,
      'Anthropic',
      400,
      'max_tokens: 1000000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-20250514',
    ],
    [8192, 'DeepSeek', 400, 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]'],
    [8192, 'Qwen', 400, '<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]'],
    [
      40960,
      'Groq',
      400,
      '`max_tokens` must be less than or equal to `40960`, the maximum value for `max_tokens` is less than the `context_window` for this model',
    ],
    [
      4096,
      'Cohere',
      400,
      'too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 8192.',
    ],
    [8192, 'a server with pydantic', 422, 'body.max_tokens: Input should be less than or equal to 8192'],
    [
      65536,
      'Vertex',
      400,
      'Unable to submit request because it has a maxOutputTokens value of 99999 but the supported range is from 1 (inclusive) to 65537 (exclusive).',
    ],
    [
      4096,
      'Bedrock',
      400,
      'The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.',
    ],
    [
      12288,
      'Volcengine',
      400,
      'The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 12288, but got 32000 instead.',
    ],
    [undefined, 'Scaleway', 416, 'max_completion_tokens is limited for this model'],
  ])('is no prompt that is too long: %s of %s', (limit, ...said) => {
    const error = errorOf(said);
    expect([error.code, error.details]).toEqual(['model_request_refused', undefined]);
    expect(refusalOf(error)?.size).toEqual({ of: 'answer', ...(limit === undefined ? {} : { limit }) });
  });
});

describe('what only looks like a prompt that is too long', () => {
  it.each<Said>([
    [
      'a rate',
      429,
      'Rate limit reached for gpt-4 in organization org-1 on tokens per min (TPM): Limit 10000, Used 9000, Requested 2000. Please try again in 6s.',
    ],
    [
      'a rate with status 413',
      413,
      'Rate limit reached for model `m` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s.',
      'rate_limit_exceeded',
    ],
    ['Bedrock’s throttling', 429, 'Too many tokens, please wait before trying again.'],
    [
      'Bedrock’s throttling behind a proxy',
      400,
      'ThrottlingException: Too many tokens per day, please wait before trying again.',
    ],
    ['Anthropic’s extra usage', 429, 'Extra usage is required for long context requests.'],
    [
      'an image',
      400,
      'messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 5346304 bytes > 5242880 bytes',
    ],
    ['many images', 400, 'Too many images in request: 120 > 100'],
    [
      'many tools',
      400,
      "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 130 instead.",
      'array_above_max_length',
    ],
    [
      'a description',
      400,
      "Invalid 'tools[0].function.description': string too long. Expected a string with maximum length 1024, but got a string with length 2048 instead.",
      'string_above_max_length',
    ],
    [
      'an id',
      400,
      "Invalid 'messages[3].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 60 instead.",
      'string_above_max_length',
    ],
    ['a missing context', 400, 'context_management: Extra inputs are not permitted'],
    [
      'another parameter',
      400,
      'Unsupported parameter: max_tokens is not supported with this model. Use max_completion_tokens instead.',
    ],
    ['a budget', 400, '`max_tokens` must be greater than `thinking.budget_tokens`.'],
    ['a key', 401, 'prompt is too long'],
    ['a crash', 500, 'Internal server error'],
  ])('is left alone: %s', (...said) => {
    const error = errorOf(said);
    expect(error.details).toBeUndefined();
    expect(refusalOf(error)?.size).toBeUndefined();
  });
});
