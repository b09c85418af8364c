import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** A client that follows a session's stream over plain HTTP and comes back with `Last-Event-ID` whenever the connection breaks. */
export interface SseWatcher {
  /** What was received, in order, over all connections. */
  readonly received: { id: string; type: string; eventId: string }[];
  /** How often it had to connect. */
  readonly connections: number;
  stop(): void;
}

/** @param options.from - the `Last-Event-ID` to begin with; `0` replays the whole log. */
export function watchStream(
  url: string,
  options: { headers?: Record<string, string>; from?: string } = {},
): SseWatcher {
  const received: SseWatcher['received'] = [];
  const stopping = new AbortController();
  let last = options.from;
  let connections = 0;

  function take(message: EventSourceMessage): void {
    if (message.event === 'ping' || message.id === undefined) return;
    last = message.id;
    const body = JSON.parse(message.data) as { type: string; id: string };
    received.push({ id: message.id, type: body.type, eventId: body.id });
  }

  async function follow(): Promise<void> {
    connections++;
    const response = await fetch(url, {
      headers: { ...options.headers, ...(last === undefined ? {} : { 'last-event-id': last }) },
      signal: stopping.signal,
    });
    if (!response.ok || !response.body) throw new Error(`stream answered ${response.status}`);
    const parser = createParser({ onEvent: take });
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) parser.feed(piece);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await follow();
      } catch {
        // The service is down for a moment; that is what this client is for.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  void run();

  return {
    received,
    get connections() {
      return connections;
    },
    stop: () => stopping.abort(),
  };
}
