import { describe, expect, it } from 'vitest';
import { reasoningForm } from './reasoning-dialect.ts';

const ALL = {
  reasoning: 'all',
  standIn: false,
  standInSignature: false,
  thinking: true,
  summaries: true,
  encrypted: true,
  system: 'own',
  bridges: false,
  shortIds: false,
} as const;
const REQUIRED = { ...ALL, standIn: true };
const LOOP = { ...ALL, reasoning: 'loop' } as const;
const MISTRAL = { ...ALL, bridges: true, shortIds: true };
const SIGNED = { ...ALL, standInSignature: true };

describe('what goes back of the reasoning', () => {
  it.each([
    ['https://api.deepseek.com', 'deepseek-v4-pro', REQUIRED],
    ['https://api.deepseek.com/v1', 'deepseek-reasoner', REQUIRED],
    ['https://api.deepseek.com/anthropic', 'deepseek-flash', REQUIRED],
    ['https://api.deepseek.com', 'deepseek-chat', ALL],
    ['https://api.moonshot.ai/v1', 'kimi-k2-thinking', REQUIRED],
    ['https://api.moonshot.cn/v1', 'kimi-k2.5', REQUIRED],
    ['https://api.kimi.com/coding/v1', 'kimi-for-coding', REQUIRED],
    ['https://api.moonshot.ai/v1', 'kimi-k2-0905-preview', ALL],
    ['https://api.moonshot.ai/v1', 'moonshot-v1-128k', ALL],
    ['https://api.z.ai/api/coding/paas/v4', 'glm-5.1', ALL],
    ['https://open.bigmodel.cn/api/paas/v4', 'glm-4.6', ALL],
    ['https://api.minimax.io/v1', 'MiniMax-M2', ALL],
    ['https://openrouter.ai/api/v1', 'deepseek/deepseek-v4-pro', ALL],
    ['https://openrouter.ai/api/v1', 'openai/gpt-oss-120b', LOOP],
    ['https://api.groq.com/openai/v1', 'openai/gpt-oss-120b', LOOP],
    ['https://api.cerebras.ai/v1', 'qwen-3.8-27b', ALL],
    ['https://api.mistral.ai/v1', 'magistral-medium-latest', MISTRAL],
    ['https://api.mistral.ai/v1', 'mistral-large-latest', MISTRAL],
    ['https://openrouter.ai/api/v1', 'mistralai/devstral-medium', MISTRAL],
    ['https://integrate.api.nvidia.com/v1', 'mistralai/mistral-small-4-119b-2603', MISTRAL],
    ['http://127.0.0.1:8000/v1', 'open-mixtral-8x22b', MISTRAL],
    [
      'https://generativelanguage.googleapis.com/v1beta/openai',
      'gemma-3-27b-it',
      { ...SIGNED, system: 'user' },
    ],
    ['https://generativelanguage.googleapis.com', 'gemma-3-12b-it', { ...SIGNED, system: 'user' }],
    ['http://127.0.0.1:8000/v1', 'google/gemma-3-27b-it', ALL],
    ['https://api.x.ai/v1', 'grok-4.20', ALL],
    ['https://dashscope.aliyuncs.com/compatible-mode/v1', 'qwen3-max', ALL],
    ['http://127.0.0.1:8000/v1', 'Qwen/Qwen3-32B', ALL],
    ['http://127.0.0.1:8000/v1', 'gpt-oss-20b', LOOP],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'gemini-4-argon', SIGNED],
    [
      'https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi',
      'google/gemini-3-pro',
      SIGNED,
    ],
    ['https://deepseek.com.example/v1', 'deepseek-v4-pro', ALL],
    [undefined, 'gpt-6.1-sol', LOOP],
  ] as const)('at %s with %s: %o', (baseUrl, model, form) => {
    expect(reasoningForm({ baseUrl, model })).toEqual(form);
  });

  it('is what the configuration says', () => {
    const baseUrl = 'https://api.deepseek.com';
    const model = 'deepseek-v4-pro';
    expect(reasoningForm({ baseUrl, model, history: 'loop' })).toEqual({ ...REQUIRED, reasoning: 'loop' });
    expect(reasoningForm({ baseUrl, model, history: 'none' })).toEqual({ ...ALL, reasoning: 'none' });
    const extraBody = { thinking: { type: 'disabled' } };
    expect(reasoningForm({ baseUrl, model, extraBody })).toEqual(ALL);
  });
});
