import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';

import type Docker from 'dockerode';

import { decisionMessage } from '../../network/egress-decision.ts';

const FRAME_HEAD = 8;

/** The text of logs that came as a whole: the engine sends frames, each after a head that says how long it is. */
export function wordsOf(logs: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + FRAME_HEAD <= logs.length;) {
    const length = logs.readUInt32BE(at + 4);
    parts.push(logs.subarray(at + FRAME_HEAD, at + FRAME_HEAD + length));
    at += FRAME_HEAD + length;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Follows what gates decide, and writes it to the service's log with the session. */
export interface DecisionLog {
  /** From now on, once per session. A gate that is gone, or comes again, is found by a later call. */
  follow(sessionId: string, gate: string): void;
  close(): void;
}

export function createDecisionLog(
  engine: Docker,
  log: (message: string, details: Record<string, string | number>) => void,
): DecisionLog {
  const streams = new Map<string, Readable | null>();
  let isClosed = false;

  function onLine(sessionId: string, line: string): void {
    if (line === '') return;
    let details: Record<string, string | number>;
    try {
      const { time: _, ...said } = JSON.parse(line) as Record<string, string | number>;
      details = said;
    } catch {
      details = { said: line };
    }
    log(decisionMessage(details), { session: sessionId, ...details });
  }

  async function open(sessionId: string, gate: string): Promise<void> {
    const raw = await engine.getContainer(gate).logs({ follow: true, stdout: true, stderr: true, tail: 0 });
    const stream = raw as Readable;
    if (isClosed) {
      stream.destroy();
      return;
    }
    streams.set(sessionId, stream);
    const lines = new PassThrough();
    engine.modem.demuxStream(stream, lines, lines);
    createInterface(lines).on('line', (line) => onLine(sessionId, line));
    stream.once('close', () => {
      lines.end();
      streams.delete(sessionId);
    });
    stream.on('error', () => stream.destroy());
  }

  return {
    follow(sessionId, gate) {
      if (isClosed || streams.has(sessionId)) return;
      streams.set(sessionId, null);
      open(sessionId, gate).catch((error: unknown) => {
        streams.delete(sessionId);
        const reason = error instanceof Error ? error.message : String(error);
        log('what a sandbox asks of the network is not logged', { session: sessionId, reason });
      });
    },
    close() {
      isClosed = true;
      for (const stream of streams.values()) stream?.destroy();
    },
  };
}
