import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';

/**
 * Refuses text that cannot be kept faithfully everywhere: NUL characters and lone surrogates, in values and in keys. Throws
 * `invalid_request` with the path of the field.
 */
export function checkText(value: Json, path: readonly (string | number)[] = []): void {
  if (typeof value === 'string') {
    const fault = faultOf(value);
    if (fault !== null) refuse(path, `must not contain ${fault}`);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => checkText(item, [...path, index]));
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      const fault = faultOf(key);
      if (fault !== null) refuse(path, `has a key that contains ${fault}`);
      checkText(item, [...path, key]);
    }
  }
}

function faultOf(text: string): string | null {
  if (text.includes('\0')) return 'NUL characters';
  return text.isWellFormed() ? null : 'lone surrogates (half of a character outside the basic plane)';
}

function refuse(path: readonly (string | number)[], what: string): never {
  throw new AppError('invalid_request', `${path.length === 0 ? 'body' : path.join('.')}: ${what}`);
}
