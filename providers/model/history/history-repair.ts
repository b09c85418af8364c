import type { TranscriptMessage } from '../../../core/session/content.ts';
import type { ModelRequest, ModelStreamPart } from '../model-provider.ts';
import { refusalOf } from '../vendor-failure.ts';
import { inForm, newestPiece, type HistoryForm } from './history-form.ts';
import type { HistoryRefusal } from './refused-history.ts';

/** Sessions of which it is remembered what was refused; of one that is forgotten, one more request is refused. */
const SESSIONS = 1_000;

/** What holds for all sessions of a model. */
export type UsualForm = Omit<HistoryForm, 'refusedUpTo'>;

/**
 * Sends the conversations of one connection in the form that its vendor takes, as far as that has been found out.
 *
 * A request that the vendor refuses for its own data in the history is sent again at once in another form, each once: nothing was answered
 * or paid for yet, and the same history would be refused for ever. What worked is remembered, of the vendor or of the session; nothing
 * depends on it.
 */
export interface HistoryRepair {
  /** @param send - sends one request; fails as `ModelProvider.stream` does. */
  stream(
    request: ModelRequest,
    send: (request: ModelRequest, form: HistoryForm) => AsyncGenerator<ModelStreamPart>,
  ): AsyncGenerator<ModelStreamPart>;
}

/**
 * @param provider - the tag of the connection's opaque blocks.
 * @param initialOf - the form by what is known of the vendor and the model.
 */
export function createHistoryRepair(
  provider: string,
  initialOf: (model: string) => UsualForm,
): HistoryRepair {
  const usual = new Map<string, UsualForm>();
  const refusedUpTo = new Map<string, string>();

  const remember = ({ sessionId, model }: ModelRequest, form: HistoryForm): void => {
    const { refusedUpTo: piece, ...rest } = form;
    usual.set(model, rest);
    refusedUpTo.delete(sessionId);
    if (piece !== null) refusedUpTo.set(sessionId, piece);
    for (const oldest of refusedUpTo.keys()) {
      if (refusedUpTo.size <= SESSIONS) break;
      refusedUpTo.delete(oldest);
    }
  };

  return {
    async *stream(request, send) {
      const { sessionId, model, messages } = request;
      const known = usual.get(model) ?? initialOf(model);
      const first: HistoryForm = { ...known, refusedUpTo: refusedUpTo.get(sessionId) ?? null };
      const tried = new Set<HistoryRefusal>();
      for (let form = first; ;) {
        let begun = false;
        try {
          const sent = { ...request, messages: inForm(messages, provider, form) };
          for await (const part of send(sent, form)) {
            if (part.type === 'finish' && form !== first) remember(request, form);
            begun ||= part.type !== 'usage';
            yield part;
          }
          return;
        } catch (error) {
          const reason = begun ? undefined : refusalOf(error)?.history;
          if (reason === undefined || tried.has(reason)) throw error;
          const next = repaired(form, reason, messages, provider);
          if (next === null) throw error;
          tried.add(reason);
          form = next;
        }
      }
    },
  };
}

/** The form in which a conversation is sent after a refusal; null where it would be the same. */
function repaired(
  form: HistoryForm,
  reason: HistoryRefusal,
  messages: readonly TranscriptMessage[],
  provider: string,
): HistoryForm | null {
  switch (reason) {
    case 'reasoning-missing':
      return form.reasoning === 'all' && form.standIn ? null : { ...form, reasoning: 'all', standIn: true };
    case 'reasoning-unknown':
      return form.reasoning === 'none' && !form.standIn
        ? null
        : { ...form, reasoning: 'none', standIn: false };
    case 'signature-missing':
      return form.standInSignature ? null : { ...form, standInSignature: true };
    case 'thinking-first':
      return form.thinking ? { ...form, thinking: false } : null;
    case 'data-refused': {
      const newest = newestPiece(messages, provider);
      if (newest === null || newest === form.refusedUpTo) return null;
      return { ...form, refusedUpTo: newest, standInSignature: true };
    }
    default:
      return reason satisfies never;
  }
}
