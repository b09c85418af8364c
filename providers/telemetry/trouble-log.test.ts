import { expect, it } from 'vitest';
import { createTroubleLog, type SessionTrouble } from './trouble-log.ts';

const trouble: SessionTrouble = {
  effect: 'ends_turn',
  sessionId: 'sesn_1',
  workspaceId: 'w',
  step: 'sthr_1/3',
  type: 'billing_error',
  reason: 'Anthropic refused the request for billing reasons.',
  code: 'model_billing',
  model: 'm',
  provider: 'anthropic',
};

function opened() {
  const lines: [string, object, string][] = [];
  const failures: string[] = [];
  const at = (level: string) => (about: object, text: string) => void lines.push([level, about, text]);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return {
    lines,
    failures,
    troubles: createTroubleLog(log as never, { turnFailure: (code) => void failures.push(code) }),
  };
}

it('logs each kind of trouble by how much it matters, and counts the turns that it ended', () => {
  const { lines, failures, troubles } = opened();
  for (const effect of ['ends_turn', 'retried', 'other_model', 'beside', 'at_budget'] as const) {
    troubles.session({ ...trouble, effect });
  }
  const { code: _, ...nameless } = trouble;
  troubles.session(nameless);
  expect(lines.map(([level]) => level)).toEqual(['error', 'debug', 'warn', 'warn', 'info', 'error']);
  expect(failures).toEqual(['model_billing', 'billing_error']);
  expect(lines[0]?.[1]).toMatchObject({
    session_id: 'sesn_1',
    workspace_id: 'w',
    step: 'sthr_1/3',
    error_code: 'model_billing',
    error_type: 'billing_error',
    model: 'm',
    provider: 'anthropic',
    reason: trouble.reason,
  });
});

it('logs tool calls without a true result', () => {
  const { lines, failures, troubles } = opened();
  const call = { sessionId: 'sesn_1', workspaceId: 'w', toolUseId: 'sevt_1', tool: 'bash', reason: 'why' };
  troubles.tool({ ...call, outcome: 'lost' });
  troubles.tool({ ...call, outcome: 'unavailable' });
  expect(lines).toMatchObject([
    [
      'warn',
      { session_id: 'sesn_1', call_id: 'sevt_1', tool: 'bash' },
      'the outcome of a tool call is unknown',
    ],
    ['warn', { reason: 'why' }, 'no sandbox could be had for a tool call'],
  ]);
  expect(failures).toEqual([]);
});
