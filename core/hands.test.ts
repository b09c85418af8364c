import { expect, it } from 'vitest';
import { describeHands, type HandsReport } from './hands.ts';

const good: HandsReport = { driver: 'bubblewrap', ok: true, limits: ['Memory: bounded.', 'Disk: watched.'] };

it('says of each host what its hands can do, and of equal hosts once', () => {
  expect(
    describeHands([
      { host: 'b', hands: good },
      { host: 'a', hands: good },
      { host: 'a', hands: good },
      { host: 'c', hands: { driver: 'docker', ok: false, limits: [], why: 'No engine answers.' } },
      { host: 'd', hands: null },
      { host: 'e', hands: { driver: 'none', ok: true, limits: [] } },
    ]),
  ).toBe(
    'a, b: bubblewrap. Memory: bounded. Disk: watched. | c: hands off: docker cannot be used. No engine answers. | d: not known yet | e: hands off (sandbox.driver is none)',
  );
});

it('says that no worker runs', () => {
  expect(describeHands([])).toBe('no worker is running');
});
