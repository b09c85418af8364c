import type { BusMessage, Preview } from './bus.ts';
import { encodeLine } from './codec.ts';

/** What concerns all sessions travels apart, so that its listeners are not woken by every token of every session. */
export type Channel = 'streams' | 'interrupts' | 'watched';

export interface Notification {
  channel: Channel;
  payload: string;
}

/** What waits to be sent. Pure bookkeeping: no clock, no I/O. */
export interface Outbox {
  add(message: BusMessage): void;
  /** Takes what waits, oldest first, packed into as few payloads as fit, at most `maximum` of them. */
  take(maximum: number): Notification[];
  clear(): void;
  readonly size: number;
}

/** Previews beyond this many waiting messages are dropped; their receivers see the gap and show nothing more of the event. */
const CROWDED = 10_000;

/** @param payloadBytes - a payload has at most this many bytes; it must hold an ordinary message. */
export function createOutbox(payloadBytes: number): Outbox {
  let waiting: BusMessage[] = [];
  /** The last waiting message of each session, where a following delta may be added. */
  const last = new Map<string, BusMessage>();
  const growth = new Map<string, Extract<BusMessage, { type: 'grew' }>>();

  return {
    get size() {
      return waiting.length;
    },
    add(message) {
      if (message.type === 'grew') {
        const earlier = growth.get(message.sessionId);
        if (earlier) {
          earlier.seq = Math.max(earlier.seq, message.seq);
          return;
        }
      }
      if (message.type === 'preview_delta' && gather(last.get(message.sessionId), message)) return;
      if (isPreview(message) && waiting.length >= CROWDED) return;
      const own = { ...message };
      if (own.type === 'grew') growth.set(own.sessionId, own);
      waiting.push(own);
      last.set(own.sessionId, own);
    },
    take(maximum) {
      const groups: { channel: Channel; lines: string[]; bytes: number }[] = [];
      let used = 0;
      for (const message of waiting) {
        const channel = channelOf(message);
        const lines = linesOf(message, payloadBytes);
        const bytes = lines.reduce((sum, line) => sum + sizeOf(line), 0);
        const current = groups.at(-1);
        const fits = current?.channel === channel && current.bytes + bytes <= payloadBytes;
        if (!fits && groups.length >= maximum) break;
        for (const line of lines) {
          let group = groups.at(-1);
          if (group?.channel !== channel || group.bytes + sizeOf(line) > payloadBytes) {
            group = { channel, lines: [], bytes: 0 };
            groups.push(group);
          }
          group.lines.push(line);
          group.bytes += sizeOf(line);
        }
        used++;
      }
      waiting = waiting.slice(used);
      last.clear();
      growth.clear();
      for (const message of waiting) {
        last.set(message.sessionId, message);
        if (message.type === 'grew') growth.set(message.sessionId, message);
      }
      return groups.map(({ channel, lines }) => ({ channel, payload: lines.join('\n') }));
    },
    clear() {
      waiting = [];
      last.clear();
      growth.clear();
    },
  };
}

/** Bytes of a line with the line end that joins it to the next. */
function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}

function isPreview(message: BusMessage): message is Preview {
  return message.type === 'preview_start' || message.type === 'preview_delta';
}

function channelOf(message: BusMessage): Channel {
  if (message.type === 'interrupt') return 'interrupts';
  return message.type === 'watched' ? 'watched' : 'streams';
}

/** Adds a delta to the one before it when it continues it. */
function gather(
  before: BusMessage | undefined,
  delta: Extract<BusMessage, { type: 'preview_delta' }>,
): boolean {
  if (before?.type !== 'preview_delta') return false;
  if (before.eventId !== delta.eventId || before.index !== delta.index) return false;
  if (before.offset + before.text.length !== delta.offset) return false;
  before.text += delta.text;
  return true;
}

/** A message as lines that fit; long deltas become several, cut between code points. Whatever else is too long is left out. */
function linesOf(message: BusMessage, payloadBytes: number): string[] {
  const line = encodeLine(message);
  if (sizeOf(line) <= payloadBytes) return [line];
  if (message.type !== 'preview_delta' || message.text.length < 2) return [];
  let cut = message.text.length >>> 1;
  const unit = message.text.charCodeAt(cut);
  if (unit >= 0xdc00 && unit <= 0xdfff) cut++;
  if (cut >= message.text.length) return [];
  const head = { ...message, text: message.text.slice(0, cut) };
  const tail = { ...message, text: message.text.slice(cut), offset: message.offset + cut };
  return [...linesOf(head, payloadBytes), ...linesOf(tail, payloadBytes)];
}
