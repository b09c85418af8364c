import { describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import type { Effort, ModelEntry } from '../../core/models/model-entry.ts';
import { toModelInfo } from '../../core/models/model-info.ts';
import { toAnthropicRequest } from './anthropic/to-request.ts';
import { toGeminiRequest } from './gemini/to-gemini-request.ts';
import type { ModelRequest } from './model-provider.ts';
import { toResponsesRequest } from './openai/responses/to-responses-request.ts';
import { createToolNames } from './tool-names.ts';

const NOW = new Date('2026-12-01T12:00:00Z');
const EFFORTS: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];
const catalog = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });
const UNLISTED =
  'claude-opus-4-1 claude-3-7-sonnet-latest claude-3-5-haiku-20241022 claude-opus-9 o3 gpt-5 gpt-4o gpt-5-pro gpt-5-chat-latest gemini-2.0-flash gemini-3-pro-preview gemma-3-27b-it'
    .split(' ')
    .map((id) => catalog.resolve(id));
const entries = [...catalog.list(), ...UNLISTED].filter(
  (entry): entry is ModelEntry => entry !== null && entry.provider !== 'demo',
);

function request(entry: ModelEntry, effort: Effort | null): ModelRequest {
  return {
    model: entry.vendorModel,
    system: 'Be brief.',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
    tools: [],
    maxOutputTokens: entry.maxOutputTokens,
    ...(effort === null ? {} : { effort }),
    sessionId: 'session',
  };
}

/** How a request asks a model to think, and at which effort. */
function asks(entry: ModelEntry, effort: Effort | null): { thinks: string | null; effort: string | null } {
  const names = createToolNames([], () => true, 64);
  const options = { provider: entry.provider, names, cacheTtl: '5m', schemas: 'compatible' } as const;
  if (entry.provider === 'anthropic') {
    const body = toAnthropicRequest(request(entry, effort), entry, options);
    return { thinks: body.thinking?.type ?? null, effort: body.output_config?.effort ?? null };
  }
  if (entry.provider === 'gemini') {
    const { thinkingConfig } = toGeminiRequest(request(entry, effort), entry, options).config;
    const kind = thinkingConfig?.thinkingBudget === undefined ? 'adaptive' : 'enabled';
    return {
      thinks: thinkingConfig === undefined ? null : kind,
      effort: thinkingConfig?.thinkingLevel?.toLowerCase() ?? null,
    };
  }
  const body = toResponsesRequest(request(entry, effort), entry, options);
  return { thinks: body.reasoning ? 'adaptive' : null, effort: body.reasoning?.effort ?? null };
}

describe('what GET /v1/models says of a model is what its requests do', () => {
  it.each(entries.map((entry) => [entry.id, entry] as const))('%s', (_id, entry) => {
    const { capabilities } = toModelInfo(entry, NOW);
    const types = capabilities?.thinking.types;
    const { thinks } = asks(entry, entry.defaultEffort);
    expect(capabilities?.thinking.supported).toBe(thinks !== null);
    expect(types).toMatchObject({
      adaptive: { supported: thinks === 'adaptive' },
      enabled: { supported: thinks === 'enabled' },
      disabled: { supported: thinks === null },
    });
    for (const effort of EFFORTS) {
      const sent = asks(entry, effort);
      // An effort that is said to be there goes out as it is, and one that is not never does.
      if (entry.thinking !== 'budget' || sent.effort !== null)
        expect(sent.effort === effort).toBe(capabilities?.effort[effort]?.supported);
    }
    expect(capabilities?.effort.supported).toBe(
      EFFORTS.some((effort) => capabilities?.effort[effort]?.supported),
    );
    expect(entry.defaultEffort === null || entry.efforts.includes(entry.defaultEffort)).toBe(true);
  });
});
