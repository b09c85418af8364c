import type { IdKind } from '../core/ids.ts';

/** Makes ids. */
export type NewId = (kind: IdKind) => string;
