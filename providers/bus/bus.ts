/** The events that clients may preview while they are being written. */
export type PreviewedType = 'agent.message' | 'agent.thinking';

/** A hint: the receiver looks into the store. Losing one costs at most a second. */
export type Poke =
  /** The session's journal grew to at least `seq`. */
  | { type: 'grew'; sessionId: string; seq: number }
  /** An interrupt with this arrival number was accepted. */
  | { type: 'interrupt'; sessionId: string; arrival: number }
  /** The session was deleted: its streams end. */
  | { type: 'deleted'; sessionId: string }
  /** A client of some api process was sent this session's journal up to `seq`. */
  | { type: 'watched'; sessionId: string; seq: number };

/**
 * A piece of an event that may come. `spanSeq` is the `seq` of the attempt's `span.model_request_start`: it names the attempt, and
 * the preview is shown between that event and the end of its span only. `offset` counts the UTF-16 code units of the event's text
 * before this piece, over all content blocks, so that a receiver that missed a piece notices and shows nothing more of the event.
 */
export type Preview =
  | {
      type: 'preview_start';
      sessionId: string;
      threadId: string;
      spanSeq: number;
      eventId: string;
      eventType: PreviewedType;
    }
  | {
      type: 'preview_delta';
      sessionId: string;
      threadId: string;
      spanSeq: number;
      eventId: string;
      /** The content block within the event, from 0. */
      index: number;
      offset: number;
      text: string;
    };

/** What travels on the bus. Nothing on it is truth. */
export type BusMessage = Poke | Preview;

/** Carries messages between processes: PostgreSQL LISTEN/NOTIFY in production, memory in tests. Every subscriber gets every message. */
export interface Bus {
  /**
   * Hands a message over and returns at once; never throws. Deltas of one event are gathered while the last notification is under
   * way; order per session is kept; a message too large for the transport is split. While there is no connection, messages are lost.
   */
  publish(message: BusMessage): void;
  /**
   * Receives `grew`, `deleted` and the previews of one session until the returned function is called. `onGap` is called after a
   * reconnect, when messages may have been missed.
   */
  subscribe(sessionId: string, onMessage: (message: BusMessage) => void, onGap: () => void): () => void;
  /** Receives interrupts for all sessions (workers). */
  subscribeInterrupts(onInterrupt: (sessionId: string, arrival: number) => void): () => void;
  /** Receives `watched` of all sessions (apis). */
  subscribeWatched(onWatched: (sessionId: string, seq: number) => void): () => void;
  /** Resolves when everything published so far has been handed to the transport, or is lost with the connection. */
  flush(): Promise<void>;
  /** Hands over what is pending if there is a connection, then ends. Later messages are dropped. */
  close(): Promise<void>;
}
