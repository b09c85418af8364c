import { AppError } from '../core/errors.ts';
import { jsonFault } from '../core/json-fault.ts';

/** Refuses JSON text that would cost too much, or be read in two ways, before it is parsed. Throws `invalid_request`. */
export function checkJsonText(text: string): void {
  const fault = jsonFault(text);
  if (fault !== null)
    throw new AppError('invalid_request', `The request body ${fault}, which is not accepted.`);
}
