import type { JsonObject } from '../../core/json.ts';
import { stringIn } from './string-in.ts';
import { textOf } from './text-of.ts';

/** The events that a turn's stream has. */
export const TURN_EVENTS = [
  'session',
  'text',
  'thinking_start',
  'thinking',
  'tool_use_start',
  'tool_use',
  'tool_result',
  'retrying',
  'restart',
  'done',
  'error',
] as const;

/** One server-sent event for a client of the simple door. Without `event` it only moves the client's Last-Event-ID. */
export interface TurnFrame {
  event?: (typeof TURN_EVENTS)[number];
  data: JsonObject;
  /** The `seq` behind which the client goes on when it comes back. */
  id?: number;
}

/** A frame of the session's own stream. */
export interface SessionFrame {
  event: string;
  data: JsonObject;
  id: number | null;
}

/** Tells one turn of a session in the words of the simple door. */
export interface Turn {
  /** Whether its end was told: nothing follows. */
  readonly over: boolean;
  /** What a frame of the session's stream means; called with all of them, in order. */
  next(frame: SessionFrame): Promise<TurnFrame[]>;
}

/**
 * @param options.startsWith - the id of the message that begins the turn: what comes before belongs to an earlier one. null: the turn is
 *   under way.
 * @param options.toolUse - a tool use of the session that came before the stream did.
 */
export function createTurn(options: {
  sessionId: string;
  startsWith: string | null;
  toolUse: (id: string) => Promise<{ name: string; input: JsonObject } | null>;
}): Turn {
  const { sessionId, startsWith, toolUse } = options;
  const calls = new Map<string, { name: string; input: JsonObject }>();
  /** What was shown of events that are not journaled yet: their text by id. */
  const shown = new Map<string, string>();
  let started = startsWith === null;
  let over = false;
  let index = 0;
  let failure = 'The model could not be asked.';

  const end = (frame: TurnFrame): TurnFrame[] => {
    over = true;
    return [frame];
  };

  async function callOf(id: string): Promise<{ name: string; input: JsonObject }> {
    return calls.get(id) ?? (await toolUse(id)) ?? { name: '', input: {} };
  }

  /** What was shown and never came is void: the model is asked again. */
  function restart(): TurnFrame[] {
    if (shown.size === 0) return [];
    shown.clear();
    return [{ event: 'restart', data: {} }];
  }

  function preview(event: string, data: JsonObject): TurnFrame[] {
    if (event === 'event_start') {
      const { id, type } = data['event'] as { id: string; type: string };
      shown.set(id, '');
      return type === 'agent.thinking' ? [{ event: 'thinking_start', data: {} }] : [];
    }
    const { event_id: id, delta } = data as { event_id: string; delta: { content?: { text?: string } } };
    const piece = delta.content?.text ?? '';
    shown.set(id, (shown.get(id) ?? '') + piece);
    return [{ event: 'text', data: { content: piece } }];
  }

  function message(data: JsonObject, at: { id?: number }): TurnFrame[] {
    const whole = textOf(data['content']);
    const before = shown.get(stringIn(data, 'id')) ?? '';
    shown.delete(stringIn(data, 'id'));
    if (!whole.startsWith(before)) {
      return [
        { event: 'restart', data: {} },
        { event: 'text', data: { content: whole }, ...at },
      ];
    }
    const rest = whole.slice(before.length);
    return rest === '' ? [{ data: {}, ...at }] : [{ event: 'text', data: { content: rest }, ...at }];
  }

  function thought(data: JsonObject, at: { id?: number }): TurnFrame[] {
    const begun = shown.delete(stringIn(data, 'id'));
    // What the model thought is never shown; that it did is.
    const ended: TurnFrame = { event: 'thinking', data: { content: '' }, ...at };
    return begun ? [ended] : [{ event: 'thinking_start', data: {} }, ended];
  }

  function used(data: JsonObject, at: { id?: number }): TurnFrame[] {
    const [id, name] = [stringIn(data, 'id'), stringIn(data, 'name')];
    const input = (data['input'] ?? {}) as JsonObject;
    calls.set(id, { name, input });
    const place = index++;
    return [
      { event: 'tool_use_start', data: { index: place, id, name } },
      { event: 'tool_use', data: { index: place, id, name, input }, ...at },
    ];
  }

  async function result(data: JsonObject, at: { id?: number }): Promise<TurnFrame[]> {
    const id = stringIn(data, 'tool_use_id', 'custom_tool_use_id', 'mcp_tool_use_id');
    const { name, input } = await callOf(id);
    const isError = data['is_error'] === true;
    const output = textOf(data['content']);
    return [
      { event: 'tool_result', data: { tool_use_id: id, name, input, output, is_error: isError }, ...at },
    ];
  }

  function failed(data: JsonObject, at: { id?: number }): TurnFrame[] {
    const { message: text = failure, retry_status: retry } = (data['error'] ?? {}) as {
      message?: string;
      retry_status?: { type?: string };
    };
    failure = text;
    if (retry?.type === 'retrying') return [{ event: 'retrying', data: { error: text }, ...at }];
    return [];
  }

  async function idle(data: JsonObject, at: { id?: number }): Promise<TurnFrame[]> {
    const reason = data['stop_reason'] as { type: string; event_ids?: string[] } | null;
    const type = reason?.type ?? 'end_turn';
    if (type === 'requires_action') {
      const ids = reason?.event_ids ?? [];
      const asked = await Promise.all(ids.map(async (id) => ({ id, ...(await callOf(id)) })));
      const names = asked.map(({ id, name }) => `${name} (${id})`).join(', ');
      const held = started ? '' : ' Your message is read after that.';
      const said = `The agent waits for an answer to ${names}. Send user.tool_confirmation or user.custom_tool_result to POST /v1/sessions/${sessionId}/events.${held}`;
      return end({ event: 'done', data: { stop_reason: type, message: said, tool_uses: asked }, ...at });
    }
    if (!started) return [];
    if (type === 'retries_exhausted') return end({ event: 'error', data: { error: failure }, ...at });
    return end({ event: 'done', data: { stop_reason: type }, ...at });
  }

  return {
    get over() {
      return over;
    },
    async next({ event, data, id }) {
      if (over) return [];
      const at = id === null ? {} : { id };
      if (event === 'error') {
        const { message: text = failure } = (data['error'] ?? {}) as { message?: string };
        return end({ event: 'error', data: { error: text } });
      }
      if (event === 'session.status_terminated' || event === 'session.deleted') {
        return end({ event: 'error', data: { error: 'The session has ended.' }, ...at });
      }
      if (event === 'session.status_idle') return idle(data, at);
      if (!started) {
        if (event === 'agent.tool_use' || event === 'agent.custom_tool_use') used(data, at);
        if (event === 'user.message' && data['id'] === startsWith) started = true;
        return started ? [{ data: {}, ...at }] : [];
      }
      switch (event) {
        case 'event_start':
        case 'event_delta':
          return preview(event, data);
        case 'agent.message':
          return message(data, at);
        case 'agent.thinking':
          return thought(data, at);
        case 'agent.tool_use':
        case 'agent.custom_tool_use':
        case 'agent.mcp_tool_use':
          return used(data, at);
        case 'agent.tool_result':
        case 'agent.mcp_tool_result':
        case 'user.custom_tool_result':
          return result(data, at);
        case 'session.error':
          return failed(data, at);
        case 'span.model_request_start':
          return restart();
        default:
          return [];
      }
    },
  };
}
