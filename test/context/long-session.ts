import { asksForSummary } from '../../core/session/context/compaction.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import { createModelProviders } from '../../providers/model/create-model-providers.ts';
import { vendorConnections } from '../../providers/model/provider-connection.ts';
import type { LedgerEntry } from '../scripted-model-server/ledger.ts';
import type { Respond } from '../scripted-model-server/script-book.ts';

/** The window of the models in these tests, tokens. */
export const WINDOW = 100_000;
const ANSWER = 8_000;

/** One model for each wire format, all behind the scripted server. */
export function longModels(url: string): { format: string; setting: ModelSetting }[] {
  const shared = { api_key: 'k', context_window: WINDOW, max_output_tokens: ANSWER } as const;
  return [
    {
      format: 'anthropic',
      setting: { id: 'claude-opus-5-5', provider: 'anthropic', base_url: url, ...shared },
    },
    {
      format: 'openai-chat',
      setting: { id: 'gpt-4.1', provider: 'openai', base_url: `${url}/v1`, ...shared },
    },
    {
      format: 'openai-responses',
      setting: { id: 'gpt-6-sol', provider: 'openai', api: 'responses', base_url: `${url}/v1`, ...shared },
    },
    { format: 'gemini', setting: { id: 'gemini-4-argon', provider: 'gemini', base_url: url, ...shared } },
  ];
}

export function longProviders() {
  const nowhere = { baseUrl: null, apiKey: null, timeoutSeconds: 60, stallSeconds: 30 };
  return createModelProviders({ connections: vendorConnections(nowhere) });
}

/** A model that says much and calls bash, so many times, and summarises when it is asked to. */
export function callsTools(times: number): { respond: Respond; summaries: () => number } {
  let steps = 0;
  let summaries = 0;
  return {
    summaries: () => summaries,
    respond({ lastUserText }) {
      if (asksForSummary(lastUserText)) {
        summaries += 1;
        return { blocks: [{ type: 'text', text: `Summary ${String(summaries)}. ${'Facts. '.repeat(300)}` }] };
      }
      if (steps >= times) return { blocks: [{ type: 'text', text: 'All done.' }] };
      steps += 1;
      return {
        pieceLength: 1_000,
        blocks: [
          { type: 'thinking', text: `Step ${String(steps)} is next.` },
          { type: 'text', tokens: 700 },
          { type: 'tool_use', name: 'bash', input: { command: String(steps) } },
        ],
      };
    },
  };
}

/** Different lengths of results, the same in each run: a third of them long. */
export function resultOf(command: unknown): string {
  const step = Number(command);
  const length = step % 3 === 0 ? 6_000 + ((step * 7_919) % 9_000) : 40 + ((step * 131) % 1_500);
  return `${String(step)} ${'lorem ipsum '.repeat(length / 12)}`;
}

/** Tokens of a request's prompt, as the server counted them. */
export function promptOf({ usage }: LedgerEntry): number {
  if (!usage) return 0;
  return (
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens
  );
}

/**
 * How often a request did not begin with the bytes of the one before. The server plays the vendor's cache byte by byte, so what is read
 * from it tells; the prompt before was kept up to its last marker, all of it save the tokens that it calls uncached.
 */
export function prefixChanges(entries: readonly LedgerEntry[]): number {
  let changes = 0;
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    if (
      before?.usage &&
      (entry.usage?.cache_read_input_tokens ?? 0) < promptOf(before) - before.usage.input_tokens
    )
      changes += 1;
  }
  return changes;
}
