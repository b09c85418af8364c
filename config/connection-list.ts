import { AppError } from '../core/errors.ts';

/**
 * `providers` as an object, where a file gives it as a list of connections with their names; anything else comes back as it is. Throws
 * `bad_config` for an item without a name, and for a name that is there twice.
 */
export function connectionsByName(given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  const named = new Map<string, unknown>();
  for (const [index, item] of (given as unknown[]).entries()) {
    const fields: Record<string, unknown> = typeof item === 'object' && item !== null ? { ...item } : {};
    const { name, ...rest } = fields;
    if (typeof name !== 'string') {
      throw new AppError('bad_config', `providers.${index}.name: expected the name of the connection.`);
    }
    if (named.has(name)) {
      throw new AppError('bad_config', `providers.${index}.name: the name "${name}" is there twice.`);
    }
    named.set(name, rest);
  }
  return Object.fromEntries(named);
}
