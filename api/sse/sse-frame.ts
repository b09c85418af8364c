import { errorRow, type AppError } from '../../core/errors.ts';

const EVENT_NAME = /^[a-z][a-z0-9_.]*$/;

/**
 * One server-sent event as bytes: `id`, `event`, one line of `data`. The data is JSON without raw line ends, and ids and names are
 * checked, so that nothing that a model, a tool or a client wrote can begin a frame of its own. Throws `RangeError` for a name or an
 * id that could.
 */
export function sseFrame(event: string, data: object, id?: number): Buffer {
  if (!EVENT_NAME.test(event)) throw new RangeError(`${JSON.stringify(event)} is no name of an event`);
  if (id !== undefined && !Number.isSafeInteger(id)) throw new RangeError(`${id} is no id of an event`);
  const head = id === undefined ? '' : `id: ${id}\n`;
  return Buffer.from(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, 'utf8');
}

/** Keeps the connection alive; clients skip it. */
export const PING_FRAME = sseFrame('ping', { type: 'ping' });

/** An error after the headers were sent: the API's envelope, on which clients throw. */
export function errorFrame(error: AppError, requestId: string): Buffer {
  const { type } = errorRow(error.code);
  return sseFrame('error', {
    type: 'error',
    error: { type, message: error.message },
    request_id: requestId,
  });
}
