import type { CallKind } from '../journal/view.ts';
import { callLabel } from '../session/call-label.ts';
import type { JsonObject } from '../json.ts';
import type { RebuiltRow } from './rebuild-journal.ts';

/** A tool use of the log, as the table of tool calls holds it. */
export interface LoggedCall {
  id: string;
  name: string;
  label: string;
  kind: CallKind;
  answer: 'allow' | 'deny' | null;
  denyMessage: string | null;
  resolved: boolean;
}

/** Reads the tool calls of a log, row by row. */
export interface LoggedCalls {
  /** Whether the row gave a call its result: a client may repeat the result of its own tool, without effect. */
  read(row: RebuiltRow): boolean;
  /** In the order of the log. */
  all(): LoggedCall[];
}

/** @param labels - by id, where they are known better than from the log, whose large inputs lie elsewhere. */
export function readCalls(labels: ReadonlyMap<string, string>): LoggedCalls {
  const calls = new Map<string, LoggedCall>();
  return {
    read({ id, type, body }) {
      const text = (field: string) => (typeof body[field] === 'string' ? body[field] : '');
      if (type === 'agent.tool_use' || type === 'agent.custom_tool_use') {
        const kind = kindOf(type, body['evaluated_permission']);
        if (kind === null) return false;
        const name = text('name');
        const label = labels.get(id) ?? callLabel(name, (body['input'] ?? {}) as JsonObject);
        calls.set(id, { id, name, label, kind, answer: null, denyMessage: null, resolved: false });
        return false;
      }
      const call = calls.get(text('tool_use_id') || text('custom_tool_use_id'));
      if (!call) return type === 'agent.tool_result';
      if (type === 'user.tool_confirmation') {
        call.answer = body['result'] === 'allow' ? 'allow' : 'deny';
        call.denyMessage = typeof body['deny_message'] === 'string' ? body['deny_message'] : null;
      } else if (type === 'agent.tool_result' || type === 'user.custom_tool_result') {
        const isFirst = !call.resolved;
        call.resolved = true;
        return isFirst;
      }
      return false;
    },
    all: () => [...calls.values()],
  };
}

/** null: refused on the spot, so nobody is to answer it. */
function kindOf(type: string, permission: JsonObject[string] | undefined): CallKind | null {
  if (type === 'agent.custom_tool_use') return 'custom';
  if (permission === 'deny') return null;
  return permission === 'ask' ? 'ask' : 'run';
}
