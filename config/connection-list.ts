import { AppError } from '../core/errors.ts';
import { jsonIn, variableOf, type Environment, type Override } from './environment.ts';

/** Holds connections, by their names or as a list; each of them takes the place of the file's of the same name. */
const VARIABLE = variableOf(['providers']);

/** The connections of the environment, and the environment without them. */
export function connectionsIn(environment: Environment): { connections: Override[]; rest: Environment } {
  const { [VARIABLE]: text, ...rest } = environment;
  if (text === undefined || text === '') return { connections: [], rest };
  const given = connectionsByName(jsonIn(text, VARIABLE, ['providers'], isGroup), `${VARIABLE}: providers`);
  const connections = Object.entries(given ?? {}).map(([name, value]) => ({
    path: ['providers', name],
    variable: VARIABLE,
    value,
  }));
  return { connections, rest };
}

const isGroup = (value: unknown): boolean => typeof value === 'object' && value !== null;

/**
 * `providers` as an object, where a file gives it as a list of connections with their names; anything else comes back as it is. Throws
 * `bad_config` for an item without a name, and for a name that is there twice.
 */
export function connectionsByName(given: unknown, where = 'providers'): unknown {
  if (!Array.isArray(given)) return given;
  const named = new Map<string, unknown>();
  for (const [index, item] of (given as unknown[]).entries()) {
    const fields: Record<string, unknown> = typeof item === 'object' && item !== null ? { ...item } : {};
    const { name, ...rest } = fields;
    if (typeof name !== 'string') {
      throw new AppError('bad_config', `${where}.${index}.name: expected the name of the connection.`);
    }
    if (named.has(name)) {
      throw new AppError('bad_config', `${where}.${index}.name: the name "${name}" is there twice.`);
    }
    named.set(name, rest);
  }
  return Object.fromEntries(named);
}
