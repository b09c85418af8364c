import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { toLogFields } from './log-keys.ts';

describe('the keys of log lines', () => {
  it('are checked by the compiler', () => {
    const log = pino({ level: 'silent' });
    log.info({ session_id: 's', workspace_id: 'w', request_id: 'r', err: new Error('x') }, 'as it is spelt');
    // @ts-expect-error in snake case only
    log.info({ sessionId: 's' }, 'misspelt');
    // @ts-expect-error in snake case only
    log.warn({ err: new Error('x'), callId: 's' }, 'misspelt');
    // @ts-expect-error it is session_id
    log.info({ session: 's' }, 'misspelt');
    // @ts-expect-error it is workspace_id
    log.info({ workspace: 's' }, 'misspelt');
    // @ts-expect-error it is request_id
    log.error({ request: 's' }, 'misspelt');
    // @ts-expect-error it is err
    log.error({ error: new Error('x') }, 'misspelt');
    expect(log.level).toBe('silent');
  });

  it('of others become those that are used here', () => {
    expect(
      toLogFields({ session: 's', taskQueue: 'q', activityId: 1, sdkComponent: 'core', error: 'e' }),
    ).toEqual({ session_id: 's', task_queue: 'q', activity_id: 1, sdk_component: 'core', err: 'e' });
  });
});
