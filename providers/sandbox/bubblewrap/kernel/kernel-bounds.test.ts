import { expect, it } from 'vitest';

import { userBounds } from './kernel-bounds.ts';

it('bounds what a user of the sandbox takes, and never asks for more than this process has', () => {
  const limits = (signals: string): string =>
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      `Max pending signals       ${signals}                ${signals}                signals   `,
      'Max msgqueue size         819200               819200               bytes     ',
      'Max locked memory         8388608              unlimited            bytes     ',
    ].join('\n');
  expect(userBounds(limits('95951'))).toEqual([
    '--sigpending=4096',
    '--msgqueue=819200',
    '--memlock=67108864',
  ]);
  expect(userBounds(limits('100'))[0]).toBe('--sigpending=100');
});
