import type { Json, JsonObject } from '../../core/json.ts';
import type { SimpleSession } from '../../core/schema/simple.ts';
import type { SessionRecord } from '../../providers/store/sessions.ts';
import { fromContent } from './attachments.ts';
import { stringIn } from './string-in.ts';
import { textOf } from './text-of.ts';

/** A session without its events. */
export function toSimpleSession(record: SessionRecord): SimpleSession {
  return {
    id: record.id,
    title: record.title,
    status: record.status,
    agent: record.agent.id,
    environment_id: record.environmentId,
    skills: record.agent.skills.map(({ skill_id: id }) => id),
    created_at: new Date(record.createdAt).toISOString(),
    updated_at: new Date(record.updatedAt).toISOString(),
  };
}

type SimpleEvent = NonNullable<SimpleSession['events']>[number];

/** An event of the journal in the words of the simple door; null for those that it does not tell. `processedAt` as in the journal. */
export function toSimpleEvent(body: JsonObject, processedAt: number | null): SimpleEvent | null {
  const said = contentOf(body);
  if (said === null) return null;
  const timestamp = processedAt === null ? null : new Date(processedAt).toISOString();
  return { id: stringIn(body, 'id'), ...said, timestamp };
}

function contentOf(body: JsonObject): { type: SimpleEvent['type']; content: Json } | null {
  const { type, name = '', input = {}, content } = body;
  switch (type) {
    case 'user.message': {
      const { text, attachments } = fromContent(content);
      if (attachments.length === 0) return { type: 'user_message', content: text };
      return {
        type: 'user_message',
        content: { text, attachments: attachments as object[] as JsonObject[] },
      };
    }
    case 'agent.message':
      return { type: 'assistant_message', content: textOf(content) };
    case 'agent.tool_use':
    case 'agent.custom_tool_use':
    case 'agent.mcp_tool_use':
      return { type: 'tool_use', content: { id: stringIn(body, 'id'), name, input } };
    case 'agent.tool_result':
    case 'agent.mcp_tool_result':
    case 'user.custom_tool_result': {
      const of = stringIn(body, 'tool_use_id', 'custom_tool_use_id', 'mcp_tool_use_id');
      const isError = body['is_error'] === true;
      return {
        type: 'tool_result',
        content: { tool_use_id: of, output: textOf(content), is_error: isError },
      };
    }
    case 'session.error':
      return { type: 'error', content: (body['error'] as JsonObject | undefined)?.['message'] ?? '' };
    default:
      return null;
  }
}
