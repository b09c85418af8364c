import type { pino } from 'pino';

type Capital =
  | 'A'
  | 'B'
  | 'C'
  | 'D'
  | 'E'
  | 'F'
  | 'G'
  | 'H'
  | 'I'
  | 'J'
  | 'K'
  | 'L'
  | 'M'
  | 'N'
  | 'O'
  | 'P'
  | 'Q'
  | 'R'
  | 'S'
  | 'T'
  | 'U'
  | 'V'
  | 'W'
  | 'X'
  | 'Y'
  | 'Z';

/** Spellings of keys that have one of their own: `session_id`, `workspace_id`, `request_id`, `trace_id`, `err`. */
type Misspelt = 'session' | 'workspace' | 'request' | 'trace' | 'span' | 'error';

/** Keys are in snake case and the same everywhere: what else is logged does not compile. */
declare module 'pino' {
  interface LogFnFields extends Partial<Record<Misspelt, never>> {
    [key: `${string}${Capital}${string}`]: never;
  }
}

/** Fields whose keys are known only when they come, such as those of a library: their keys as they are spelt here. */
export function toLogFields(given: Readonly<Record<string, unknown>>): pino.LogFnFields {
  const fields = Object.entries(given).map(([key, value]) => [toKey(key), value]);
  return Object.fromEntries(fields) as pino.LogFnFields;
}

const OWN: Readonly<Record<string, string>> = {
  session: 'session_id',
  workspace: 'workspace_id',
  request: 'request_id',
  trace: 'trace_id',
  span: 'span_id',
  error: 'err',
};

function toKey(key: string): string {
  const snake = key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return OWN[snake] ?? snake;
}
