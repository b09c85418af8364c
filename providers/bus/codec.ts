import type { BusMessage } from './bus.ts';

/**
 * One message is one line: the session's id, a blank, the rest as JSON. JSON holds no raw line end, and a receiver that has nobody to
 * tell skips a line without parsing it.
 */
export function encodeLine(message: BusMessage): string {
  const { sessionId, ...rest } = message;
  return `${sessionId} ${JSON.stringify(rest)}`;
}

/**
 * Splits a payload into its messages, those of other sessions than `wanted` left out. Throws `SyntaxError` when somebody else wrote
 * on the channel.
 */
export function decodePayload(payload: string, wanted: (sessionId: string) => boolean): BusMessage[] {
  const messages: BusMessage[] = [];
  for (const line of payload.split('\n')) {
    const blank = line.indexOf(' ');
    const sessionId = line.slice(0, blank);
    if (!wanted(sessionId)) continue;
    messages.push({ ...(JSON.parse(line.slice(blank + 1)) as object), sessionId } as BusMessage);
  }
  return messages;
}
