import type { ModelRequest, ModelStreamPart } from '../model-provider.ts';
import { refusalOf } from '../vendor-failure.ts';
import {
  inForm,
  isInLoop,
  newestPiece,
  WHOLE_HISTORY,
  type HistoryForm,
  type SessionForm,
  type UsualForm,
} from './history-form.ts';
import { newestMedia } from './history-shape.ts';
import type { HistoryRefusal } from './refused-history.ts';

/** Sessions of which it is remembered what was refused; of one that is forgotten, one more request is refused. */
const SESSIONS = 1_000;

/**
 * Sends the conversations of one connection in the form that its vendor takes, as far as that has been found out.
 *
 * A request that the vendor refuses for the form of its history is sent again at once in another one, each once: nothing was answered
 * or paid for yet, and the same history would be refused for ever. Where no form of its own pleases the vendor, the conversation is written
 * out as text, so that no session is lost. What worked is remembered, of the vendor or of the session; nothing depends on it.
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
  const sessions = new Map<string, SessionForm>();

  const remember = ({ sessionId, model }: ModelRequest, form: HistoryForm): void => {
    const { refusedUpTo, mediaRefusedUpTo, loopWithoutThinking, writtenOut, ...rest } = form;
    usual.set(model, rest);
    sessions.delete(sessionId);
    sessions.set(sessionId, { refusedUpTo, mediaRefusedUpTo, loopWithoutThinking, writtenOut });
    for (const oldest of sessions.keys()) {
      if (sessions.size <= SESSIONS) break;
      sessions.delete(oldest);
    }
  };

  return {
    async *stream(request, send) {
      const { sessionId, model, messages } = request;
      const first: HistoryForm = {
        ...(usual.get(model) ?? initialOf(model)),
        ...(sessions.get(sessionId) ?? WHOLE_HISTORY),
        // A new turn begins with thinking.
        ...(isInLoop(messages) ? {} : { loopWithoutThinking: false }),
      };
      const tried = new Set<HistoryRefusal>();
      for (let form = first; ;) {
        let begun = false;
        try {
          for await (const part of send(inForm(request, provider, form), form)) {
            if (part.type === 'finish' && form !== first) remember(request, form);
            begun ||= part.type !== 'usage';
            yield part;
          }
          return;
        } catch (error) {
          const reason = begun ? undefined : refusalOf(error)?.history;
          if (reason === undefined) throw error;
          const other = tried.has(reason) ? null : repaired(form, reason, request, provider);
          const next = other ?? lastResort(form, reason, request);
          if (next === null) throw error;
          tried.add(reason);
          form = next;
        }
      }
    },
  };
}

/** Refusals that are not about what was said: writing it out would not help. */
const OF_THE_REQUEST: ReadonlySet<HistoryRefusal> = new Set([
  'thinking-refused',
  'summaries-refused',
  'encrypted-refused',
  'system-refused',
  'media-refused',
]);

/** The conversation as a text, where the model has said anything in it; null where it is one already, or would be no other. */
function lastResort(
  form: HistoryForm,
  reason: HistoryRefusal,
  { messages }: ModelRequest,
): HistoryForm | null {
  const isAnswered = messages.some(({ role }) => role === 'assistant');
  return form.writtenOut || !isAnswered || OF_THE_REQUEST.has(reason) ? null : { ...form, writtenOut: true };
}

/** The form in which a conversation is sent after a refusal; null where it would be the same. */
function repaired(
  form: HistoryForm,
  reason: HistoryRefusal,
  { messages, system }: ModelRequest,
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
      return form.loopWithoutThinking ? null : { ...form, loopWithoutThinking: true };
    case 'thinking-refused':
      return form.thinking ? { ...form, thinking: false } : null;
    case 'summaries-refused':
      return form.summaries ? { ...form, summaries: false } : null;
    case 'encrypted-refused':
      return form.encrypted ? { ...form, encrypted: false } : null;
    case 'system-refused': {
      const isSaid = /\S/.test(system) || messages.some(({ role }) => role === 'system');
      return form.system === 'own' && isSaid ? { ...form, system: 'user' } : null;
    }
    case 'order-refused':
      return form.bridges || form.writtenOut ? null : { ...form, bridges: true };
    case 'ids-refused':
      return form.shortIds || form.writtenOut ? null : { ...form, shortIds: true };
    case 'media-refused': {
      const newest = newestMedia(messages);
      if (newest === null || newest === form.mediaRefusedUpTo) return null;
      return { ...form, mediaRefusedUpTo: newest };
    }
    case 'history-refused':
      return null;
    case 'data-refused': {
      const newest = newestPiece(messages, provider);
      if (newest === null || newest === form.refusedUpTo) return null;
      return { ...form, refusedUpTo: newest, standInSignature: true };
    }
    default:
      return reason satisfies never;
  }
}
