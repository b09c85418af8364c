import { Stream } from '@anthropic-ai/sdk/core/streaming';
import { vi } from 'vitest';
import type { StreamedEvent } from './stream-lab.ts';

export interface SeenFrame {
  id: number | null;
  event: string;
  data: StreamedEvent & { type: string };
}

/** A stream as its client sees it. */
export interface OpenStream {
  status: number;
  headers: Headers;
  /** All frames so far, pings left out. */
  frames: SeenFrame[];
  pings(): number;
  types(): string[];
  ids(): (number | null)[];
  /** Waits until so many frames came. */
  until(count: number): Promise<SeenFrame[]>;
  /** Resolves when the server ended the stream. */
  ended: Promise<void>;
  close(): void;
}

/** Opens a stream with the SDK's own parser of server-sent events. Resolves when the headers are there. */
export async function openStream(
  url: string,
  options: { lastEventId?: number | string; query?: string } = {},
): Promise<OpenStream> {
  const controller = new AbortController();
  const response = await fetch(`${url}${options.query ? `?${options.query}` : ''}`, {
    headers: options.lastEventId === undefined ? {} : { 'last-event-id': String(options.lastEventId) },
    signal: controller.signal,
  });
  const frames: SeenFrame[] = [];
  let pings = 0;
  const read = async () => {
    try {
      for await (const { event, data, raw } of Stream.rawEvents(response, controller)) {
        if (event === 'ping') pings++;
        else {
          const id = raw.find((line) => line.startsWith('id: '))?.slice(4);
          frames.push({
            id: id === undefined ? null : Number(id),
            event: event ?? '',
            data: JSON.parse(data) as SeenFrame['data'],
          });
        }
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
  };
  const ended = response.ok ? read() : Promise.resolve();
  ended.catch(() => undefined);
  return {
    status: response.status,
    headers: response.headers,
    frames,
    pings: () => pings,
    types: () => frames.map(({ event }) => event),
    ids: () => frames.map(({ id }) => id),
    async until(count) {
      await vi.waitFor(
        () => {
          if (frames.length < count) throw new Error(`${frames.length} of ${count} frames came`);
        },
        { timeout: 20_000, interval: 2 },
      );
      return frames;
    },
    ended,
    close: () => controller.abort(),
  };
}

/** The stream of a session, or of one of its threads. */
export function streamUrl(url: string, sessionId: string, threadId?: string): string {
  const session = `${url}/v1/sessions/${sessionId}`;
  return threadId === undefined ? `${session}/events/stream` : `${session}/threads/${threadId}/stream`;
}
