import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import type { Environment } from './environment.ts';

/** Where a secret may be given: directly, in an environment variable, in a file. */
export interface SecretReference {
  value?: string | null | undefined;
  variable?: string | null | undefined;
  file?: string | null | undefined;
}

/**
 * The secret that a reference names, or null when it names none. The first of value, variable and file that is given counts.
 * Throws `bad_config` when the variable is unset, or the file cannot be read or is empty; `path` is the setting named in the message.
 */
export function readSecret(
  reference: SecretReference,
  path: string,
  environment: Environment,
): string | null {
  if (reference.value) return reference.value;
  if (reference.variable) {
    const value = environment[reference.variable];
    if (value) return value;
    throw new AppError(
      'bad_config',
      `${path}_env: the environment variable ${reference.variable} is not set.`,
    );
  }
  if (!reference.file) return null;
  const secret = readText(reference.file, `${path}_file`);
  // As an unset variable: whoever names a file means to give a secret.
  if (secret === '') throw new AppError('bad_config', `${path}_file: the file ${reference.file} is empty.`);
  return secret;
}

function readText(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `${path}: the file cannot be read: ${reason}`, { cause });
  }
}
