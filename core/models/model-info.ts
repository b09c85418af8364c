import type { ModelInfo, ModelLine } from '@anthropic-ai/sdk/resources/models';
import type { Effort, ModelEntry } from './model-entry.ts';

/**
 * The entry as `GET /v1/models` shows it.
 *
 * @param at - now: a model whose day has come is retired.
 */
export function toModelInfo(entry: ModelEntry, at: Date): ModelInfo {
  const { retiresAt } = entry;
  return {
    type: 'model',
    id: entry.id,
    display_name: entry.displayName,
    created_at: entry.createdAt,
    deprecated_at: null,
    retires_at: retiresAt ?? null,
    lifecycle: retiresAt === undefined ? 'active' : at < new Date(retiresAt) ? 'deprecated' : 'retired',
    line: lineOf(entry),
    max_input_tokens: entry.contextWindow,
    max_tokens: entry.maxOutputTokens,
    capabilities: capabilitiesOf(entry),
  };
}

const LINES: readonly ModelLine[] = ['haiku', 'sonnet', 'opus', 'fable', 'mythos'];

function lineOf(entry: ModelEntry): ModelLine | null {
  if (entry.provider !== 'anthropic') return null;
  return LINES.find((line) => entry.vendorModel.startsWith(`claude-${line}`)) ?? null;
}

/** What sessions on this server can use of the model, which may be less than the vendor offers. */
function capabilitiesOf(entry: ModelEntry): ModelInfo['capabilities'] {
  const when = (supported: boolean) => ({ supported });
  const effort = (level: Effort) => when(entry.efforts.includes(level));
  return {
    batch: when(false),
    citations: when(false),
    code_execution: when(false),
    context_management: {
      supported: false,
      clear_thinking_20251015: null,
      clear_tool_uses_20250919: null,
      compact_20260112: null,
    },
    effort: {
      supported: entry.efforts.length > 0,
      low: effort('low'),
      medium: effort('medium'),
      high: effort('high'),
      xhigh: effort('xhigh'),
      max: effort('max'),
    },
    image_input: when(entry.images !== null),
    pdf_input: when(entry.pdf),
    server_tools: { supported: false, code_execution: when(false), web_search: when(false) },
    structured_outputs: when(false),
    thinking: {
      supported: entry.thinking !== 'none',
      types: {
        adaptive: when(entry.thinking === 'adaptive' || entry.thinking === 'effort'),
        between_tools: when(false),
        disabled: when(entry.thinking === 'none'),
        enabled: when(entry.thinking === 'budget'),
      },
    },
  };
}
