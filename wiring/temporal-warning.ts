import type { Config } from '../config.ts';

/** What `/status` says about a Temporal of ours that could not be given a network of its own. It works all the same. */
export function temporalWarning({ temporal }: Pick<Config, 'temporal'>): { detail?: string } {
  if (!temporal.managed || temporal.address === null || temporal.address.startsWith('unix:')) return {};
  return {
    detail: 'every account of this machine reaches it without a key: it can have no network of its own here',
  };
}
