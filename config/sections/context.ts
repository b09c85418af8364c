import { z } from 'zod';

const Share = z.number().gt(0).lt(1);

/** How conversations are kept inside a model's context window. */
export const ContextSettings = z.strictObject({
  trim_above: Share.default(0.7).describe(
    'Share of what a request may hold above which old tool results are left out.',
  ),
  trim_to: Share.default(0.3).describe('Share down to which they are.'),
  compact_above: Share.default(0.85).describe(
    'Share above which the older part of a conversation is replaced by a summary.',
  ),
  keep_recent: Share.default(0.2).describe('Share that stays as it is of the newest part.'),
});
