import { expect, it } from 'vitest';
import type { Session } from '../service/wire.ts';
import { matchesSearch, sessionName, sessionTokens } from './session-words.ts';
import { titleOf } from './title-of.ts';

const session = {
  id: 'sesn_1',
  title: 'Tidy the logs',
  agent: { id: 'agent_1', name: 'Helper', model: { id: 'demo' } },
  environment_id: 'env_1',
  metadata: { team: 'Research' },
  usage: {
    input_tokens: 5,
    output_tokens: 3,
    cache_read_input_tokens: 2,
    cache_creation: { ephemeral_5m_input_tokens: 1 },
  },
} as unknown as Session;

it('finds a session by any of its words, in any order', () => {
  for (const search of ['', 'logs TIDY', 'helper', 'demo sesn_1', 'research']) {
    expect(matchesSearch(session, search)).toBe(true);
  }
  expect(matchesSearch(session, 'tidy nothing')).toBe(false);
});

it('names a session that has no title by its agent, and counts all its tokens', () => {
  expect(sessionName({ ...session, title: ' ' })).toBe('Session with Helper');
  expect(sessionTokens(session)).toEqual({ read: 8, written: 3 });
});

it('makes a title of the first line of a message, cut between words', () => {
  expect(titleOf('Fix it\nplease')).toBe('Fix it');
  expect(titleOf('word '.repeat(40))).toMatch(/^(word ){14}…$/);
  expect(titleOf('x'.repeat(200))).toBe(`${'x'.repeat(70)} …`);
});
