import { AppError } from '../errors.ts';

interface Asked {
  multiagent?: unknown;
  execution_identity?: { type: string } | null | undefined;
}

/**
 * Refuses what an agent may ask for by the API's definition and this service does not do, rather than taking it in silence.
 *
 * @throws `not_implemented` or `invalid_request`, naming the field.
 */
export function refuseUnbuilt(asked: Asked): void {
  if (asked.multiagent != null) notBuilt('multiagent', 'several agents in one session');
  if (asked.execution_identity?.type === 'aws_role') {
    throw new AppError(
      'invalid_request',
      'execution_identity: this service runs agents under no AWS identity; leave it out',
    );
  }
}

/** @throws `not_implemented`. */
export function notBuilt(where: string, what: string): never {
  throw new AppError('not_implemented', `${where}: this service does not offer ${what}.`);
}
