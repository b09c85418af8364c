import { describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import type { Sandbox } from '../providers/sandbox/sandbox.ts';
import { attachWhatFits } from './attach-what-fits.ts';

function sandboxThat(attach: () => Promise<void>): Sandbox {
  const refuse = () => Promise.reject(new Error('not asked for'));
  return {
    spec: { workspaceId: 'w', sessionId: 's', environmentId: 'e' },
    call: refuse,
    announce: refuse,
    isAnnounced: refuse,
    kill: refuse,
    files: { attach, outputs: refuse, keepOutput: refuse, openOutput: refuse },
  };
}

describe('attaching what fits', () => {
  it('tells of files that something is in the way of, and goes on', async () => {
    const error = new AppError('invalid_request', 'a is in the way');
    expect(
      await attachWhatFits(
        sandboxThat(() => Promise.reject(error)),
        [],
      ),
    ).toBe('[a is in the way]');
    expect(
      await attachWhatFits(
        sandboxThat(() => Promise.resolve()),
        [],
      ),
    ).toBeNull();
  });
  it('does not hide that the sandbox cannot be had', async () => {
    const error = new AppError('sandbox_unavailable', 'gone');
    await expect(
      attachWhatFits(
        sandboxThat(() => Promise.reject(error)),
        [],
      ),
    ).rejects.toBe(error);
  });
});
