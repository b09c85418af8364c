import { randomBytes } from 'node:crypto';
import { makeId } from '../../core/ids.ts';
import type { AcceptEvent } from '../../core/journal/accept.ts';

const ids = { event: () => makeId('event', Date.now(), randomBytes(10)) };

/** A user message as the api hands it to the journal. */
export function userMessage(text: string): AcceptEvent {
  const id = ids.event();
  return { id, type: 'user.message', body: { id, type: 'user.message', content: [{ type: 'text', text }] } };
}

/** A confirmation of a tool use. */
export function userConfirmation(toolUseId: string, answer: 'allow' | 'deny'): AcceptEvent {
  const id = ids.event();
  const type = 'user.tool_confirmation';
  const denyMessage = answer === 'deny' ? 'better not' : null;
  const reason = denyMessage === null ? {} : { deny_message: denyMessage };
  return {
    id,
    type,
    body: { id, type, tool_use_id: toolUseId, result: answer, ...reason },
    ref: toolUseId,
    confirmation: { answer, denyMessage },
  };
}

/** The client's result of its own tool. */
export function customResult(toolUseId: string, text: string): AcceptEvent {
  const id = ids.event();
  const type = 'user.custom_tool_result';
  const content = [{ type: 'text', text }];
  return { id, type, body: { id, type, custom_tool_use_id: toolUseId, content }, ref: toolUseId };
}

export function userInterrupt(id = ids.event()): AcceptEvent {
  return { id, type: 'user.interrupt', body: { id, type: 'user.interrupt' } };
}
