import type { AuditMark } from '../audit-log.ts';

/** A place of the log as text, to be kept elsewhere: `SEQ:HASH`. */
export function markText({ seq, hash }: AuditMark): string {
  return `${seq}:${hash}`;
}

/** Null for what is no such text. */
export function parseMark(text: string): AuditMark | null {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64}|)$/.exec(text.trim()) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}
