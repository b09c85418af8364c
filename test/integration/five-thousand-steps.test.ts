import { expect, it } from 'vitest';
import { createTranscriptCache } from '../../activities/transcript-cache.ts';
import { createCheckingProvider } from '../context/checking-provider.ts';
import { startInMemorySession } from '../context/in-memory-session.ts';
import { resultOf, WINDOW } from '../context/long-session.ts';

const STEPS = 5_000;

it('a session of 5,000 steps never overflows its window, keeps its cached prefix, and is the same for every worker', async () => {
  const provider = createCheckingProvider({ calls: STEPS });
  const session = await startInMemorySession({
    provider,
    window: WINDOW,
    maxOutputTokens: 8_000,
    content: [{ type: 'text', text: 'Do all of it.' }],
    resultOf,
  });
  const { journal, sessionId, threadId, transcripts } = session;
  let compactions = 0;
  let outcome = await session.step();
  for (let step = 1; outcome.kind === 'tools' || outcome.kind === 'compacted'; step += 1) {
    if (outcome.kind === 'compacted') compactions += 1;
    if (step % 500 === 0) {
      const through = (await journal.head(sessionId))?.lastSeq ?? 0;
      const read = { sessionId, threadId, epoch: 1, through, load: async <T>(body: T) => body };
      const cold = createTranscriptCache(journal, 64 * 1024 * 1024);
      expect(JSON.stringify(await cold.read(read))).toBe(JSON.stringify(await transcripts.read(read)));
    }
    outcome = await session.step();
  }
  expect(outcome.kind).toBe('final');
  const { requests, longest, changes } = provider.seen();
  expect(requests).toBe(STEPS + 1 + compactions);
  expect(longest).toBeLessThanOrEqual(WINDOW);
  expect(compactions).toBeGreaterThan(5);
  expect(changes).toBeGreaterThan(compactions);
  expect(changes).toBeLessThan(STEPS / 12);
  const types = (await session.events()).map(({ type }) => type);
  expect(types.filter((type) => type === 'agent.thread_context_compacted')).toHaveLength(compactions);
  expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(STEPS);
  console.log(
    `${String(compactions)} compactions, ${String(changes)} changes of the prefix, ${String(longest)} tokens at most`,
  );
}, 600_000);
