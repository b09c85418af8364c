import { expect, it } from 'vitest';
import { auditEntry } from '../contract/audit-log.ts';
import { createInMemoryAuditLog } from '../in-memory/audit-log.ts';
import { auditLines } from './audit-record.ts';
import { verifyLines } from './verify-lines.ts';

let clock = Date.parse('2026-01-01T00:00:00Z');
async function exported(): Promise<string[]> {
  const log = createInMemoryAuditLog(() => ++clock);
  await log.append(
    Array.from({ length: 6 }, (_, at) => auditEntry({ requestId: `req_${at}`, path: '/ä"\\ 😀' })),
  );
  let text = '';
  for await (const some of auditLines(log.read({}, { order: 'asc', atOnce: 4 }))) text += some;
  return text.trimEnd().split('\n');
}

async function problemsIn(
  lines: string[],
  options: Partial<Parameters<typeof verifyLines>[1]> = {},
): Promise<{ problems: string[]; verdict: Awaited<ReturnType<typeof verifyLines>> }> {
  const problems: string[] = [];
  const verdict = await verifyLines(lines, {
    ...options,
    onProblem: ({ seq, problem }) => problems.push(`${seq}: ${problem}`),
  });
  return { problems, verdict };
}

it('finds nothing wrong with an export, also in parts', async () => {
  const lines = await exported();
  const whole = await problemsIn(lines);
  expect(whole.problems).toEqual([]);
  expect(whole.verdict).toMatchObject({ entries: 6, first: { seq: 1 }, last: { seq: 6 }, isCompared: false });
  const mark = { seq: 3, hash: (JSON.parse(lines[2] ?? '') as { hash: string }).hash };
  expect((await problemsIn(lines.slice(2, 5), { expected: mark })).verdict).toMatchObject({
    entries: 3,
    problems: 0,
    isCompared: true,
  });
  // The part that follows what was kept names it.
  const next = await problemsIn(lines.slice(3), { expected: mark });
  expect(next.verdict).toMatchObject({ entries: 3, problems: 0, isCompared: true });
  expect((await problemsIn(lines.slice(4), { expected: mark })).verdict.isCompared).toBe(false);
});

it.each([
  [
    'a changed field',
    (lines: string[]) => lines.with(2, (lines[2] ?? '').replace('"key_1"', '"key_2"')),
    ['3: The entry is not what'],
  ],
  [
    'a changed time',
    (lines: string[]) => lines.with(2, (lines[2] ?? '').replace(/\.\d{3}Z"/, '.001Z"').replace('202', '201')),
    ['3: The entry is not what'],
  ],
  ['a missing entry', (lines: string[]) => lines.toSpliced(2, 1), ['3: The entry is missing.']],
  ['several', (lines: string[]) => lines.toSpliced(2, 2), ['3: Entries up to 4 are missing.']],
  ['another order', (lines: string[]) => lines.toReversed(), ['5: Line 2 stands behind entry 6']],
  ['something else', (lines: string[]) => lines.toSpliced(6, 0, '{}'), ['7: Line 7 is no entry']],
])('notices %s', async (_what, change, expected) => {
  const { problems } = await problemsIn(change(await exported()));
  for (const [at, text] of expected.entries()) expect(problems[at]).toContain(text);
  expect(problems.length).toBeGreaterThan(0);
});

it('notices an entry whose hash was made anew, and one that is not the one that was kept', async () => {
  const lines = await exported();
  const others = await exported();
  const mixed = lines.with(3, others[3] ?? '');
  expect((await problemsIn(mixed)).problems[0]).toMatch(/^4: The entry does not follow/);
  const kept = { seq: 2, hash: '0'.repeat(64) };
  expect((await problemsIn(lines, { expected: kept })).problems).toEqual([
    '2: The entry has another hash than the one that was kept elsewhere.',
  ]);
});

it('lets entries be missing that nobody asked for', async () => {
  const lines = (await exported()).toSpliced(2, 2);
  expect((await problemsIn(lines, { hasGaps: true })).problems).toEqual([]);
  const changed = lines.with(3, (lines[3] ?? '').replace('"status":200', '"status":500'));
  expect((await problemsIn(changed, { hasGaps: true })).problems).toHaveLength(1);
});
