import { SpanKind, type Link } from '@opentelemetry/api';
import type { SessionSetup } from '../store/journal.ts';
import type { EndedTurn } from '../store/watch-turns.ts';
import { usageAttributes, type AnsweringProvider } from './gen-ai.ts';
import { spanContextOf, turnSpanContext } from './trace-context.ts';
import { sendSpan } from './tracing.ts';

/** Ends of a turn that are failures. */
const FAILURES = new Set(['retries_exhausted']);

/**
 * Sends the span of a turn that has ended: everything that was done in it named it as its parent. A turn may last for days and be the work
 * of many processes, so that no process holds it open; its times are the journal's.
 *
 * @param provider - who the agent's model comes from; null where it is not known any more.
 */
export function sendTurnSpan(turn: EndedTurn, setup: SessionSetup, provider: AnsweringProvider | null): void {
  const { trace, sessionId, workspaceId } = turn;
  const own = turnSpanContext(trace);
  const parent = spanContextOf(trace.parent);
  if (own === null || parent === null) return;
  const { agent } = setup;
  const { end } = trace;
  sendSpan(`invoke_agent ${agent.name}`, {
    id: own.spanId,
    parent,
    kind: SpanKind.INTERNAL,
    startedAt: trace.startedAt,
    endedAt: Math.max(trace.startedAt, end.at),
    errorType: FAILURES.has(end.reason) ? end.reason : null,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': provider?.vendor ?? 'unknown',
      ...(provider === null ? {} : { 'managed_agent.connection': provider.connection }),
      'gen_ai.agent.id': agent.id,
      'gen_ai.agent.name': agent.name,
      'gen_ai.agent.version': String(agent.version),
      'gen_ai.conversation.id': sessionId,
      'gen_ai.request.model': agent.model.id,
      ...usageAttributes({
        input_tokens: end.usage.input_tokens - trace.usage.input_tokens,
        output_tokens: end.usage.output_tokens - trace.usage.output_tokens,
        cache_read_input_tokens: end.usage.cache_read_input_tokens - trace.usage.cache_read_input_tokens,
        cache_creation_5m_input_tokens:
          end.usage.cache_creation_5m_input_tokens - trace.usage.cache_creation_5m_input_tokens,
        cache_creation_1h_input_tokens:
          end.usage.cache_creation_1h_input_tokens - trace.usage.cache_creation_1h_input_tokens,
      }),
      'managed_agent.workspace.id': workspaceId,
      'managed_agent.turn.event.id': trace.eventId,
      'managed_agent.turn.stretch': trace.stretch,
      'managed_agent.turn.stop_reason': end.reason,
    },
    links: [setup.trace, ...trace.joined].flatMap((other): Link[] => {
      const context = other && spanContextOf(other);
      // The first turn of a session that was created with a message is a part of what created it.
      return context === null || context.spanId === parent.spanId ? [] : [{ context }];
    }),
  });
}
