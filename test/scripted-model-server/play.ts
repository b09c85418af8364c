import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { framesBefore, malformed } from './faults.ts';
import type { Frame, WireFormat } from './format.ts';
import { encodeFrame, packetsOf } from './packets.ts';
import type { Fault, ReadScript } from './script.ts';

export interface Playing {
  response: ServerResponse;
  format: WireFormat;
  script: ReadScript;
  frames: Frame[];
  requestId: string;
  /** Aborted when the client has gone. */
  gone: AbortSignal;
  onFirstByte(status: number): void;
  onFrame(): void;
}

/** Plays a script. Resolves with how it ended; rejects when the client goes away meanwhile. */
export async function play(playing: Playing): Promise<'completed' | 'faulted'> {
  const { script, gone } = playing;
  await wait(script.delayMs ?? 0, gone);
  const { fault } = script;
  if (fault === undefined) return playAll(playing, playing.frames);
  switch (fault.kind) {
    case 'status':
      return answerStatus(playing, fault);
    case 'html':
      playing.response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      playing.onFirstByte(200);
      playing.response.end('<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>');
      return 'faulted';
    case 'reset':
      playing.response.socket?.resetAndDestroy();
      return 'faulted';
    case 'hang':
      return forever(gone);
    case 'slow-loris':
      return trickle(playing, fault.bytesPerSecond);
    case 'form':
      return playInForm(playing, fault);
    case 'malformed':
      await playAll(playing, malformed(playing.frames, fault, playing.format));
      return fault.what === 'unknown-event' || fault.what === 'huge-line' ? 'completed' : 'faulted';
    case 'stall':
    case 'eof':
    case 'cut':
    case 'error-event':
      return breakOff(playing, fault);
    default:
      return fault satisfies never;
  }
}

function open(
  { response, format, requestId, onFirstByte }: Playing,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    [format.requestIdHeader]: requestId,
    ...headers,
  });
  response.flushHeaders();
  response.socket?.setNoDelay(true);
  onFirstByte(200);
}

async function playAll(playing: Playing, frames: readonly Frame[]): Promise<'completed'> {
  open(playing);
  await send(playing, frames);
  playing.response.end();
  return 'completed';
}

async function send({ response, script, gone, onFrame }: Playing, frames: readonly Frame[]): Promise<void> {
  for (const [index, frame] of frames.entries()) {
    if (index > 0 && script.gapMs !== undefined) await wait(script.gapMs, gone);
    gone.throwIfAborted();
    await write(response, encodeFrame(frame), gone);
    onFrame();
  }
}

async function breakOff(
  playing: Playing,
  fault: Extract<Fault, { kind: 'stall' | 'eof' | 'cut' | 'error-event' }>,
): Promise<'faulted'> {
  const { response, format, frames, gone } = playing;
  open(playing);
  await send(playing, frames.slice(0, framesBefore(frames, fault.at)));
  switch (fault.kind) {
    case 'eof':
      response.end();
      return 'faulted';
    case 'cut':
      response.socket?.destroy();
      return 'faulted';
    case 'error-event':
      response.end(encodeFrame(format.errorFrame(fault.type, fault.message ?? 'scripted failure')));
      return 'faulted';
    case 'stall':
      for (;;) {
        await wait(fault.pingMs, gone);
        await write(response, encodeFrame(format.ping()), gone);
      }
    default:
      return fault satisfies never;
  }
}

function answerStatus(
  { response, format, requestId, onFirstByte }: Playing,
  fault: Extract<Fault, { kind: 'status' }>,
): 'faulted' {
  response.writeHead(fault.status, {
    'content-type': 'application/json',
    [format.requestIdHeader]: requestId,
    ...fault.headers,
  });
  onFirstByte(fault.status);
  response.end(fault.body ?? format.errorBody(fault.status, fault.type, fault.message ?? 'scripted failure'));
  return 'faulted';
}

async function trickle(playing: Playing, bytesPerSecond: number): Promise<'faulted'> {
  open(playing);
  const bytes = Buffer.from(playing.frames.map((frame) => encodeFrame(frame)).join(''));
  for (const byte of bytes) {
    await wait(1_000 / bytesPerSecond, playing.gone);
    await write(playing.response, Buffer.from([byte]), playing.gone);
  }
  playing.response.end();
  return 'faulted';
}

async function playInForm(playing: Playing, form: Extract<Fault, { kind: 'form' }>): Promise<'completed'> {
  open(playing, form.gzip === true ? { 'content-encoding': 'gzip' } : {});
  for (const packet of packetsOf(playing.frames, form)) {
    await write(playing.response, packet, playing.gone);
    // A turn of the event loop lets each packet out on its own.
    await nextTurn();
  }
  playing.response.end();
  return 'completed';
}

async function write(response: ServerResponse, chunk: string | Buffer, gone: AbortSignal): Promise<void> {
  if (response.write(chunk)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (finish: () => void) => () => {
      response.off('drain', onDrain);
      gone.removeEventListener('abort', onGone);
      finish();
    };
    const onDrain = settle(resolve);
    const onGone = settle(() => reject(gone.reason as Error));
    response.once('drain', onDrain);
    gone.addEventListener('abort', onGone, { once: true });
  });
}

async function wait(ms: number, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  await delay(ms, undefined, { signal: gone });
}

async function forever(gone: AbortSignal): Promise<'faulted'> {
  for (;;) await wait(60_000, gone);
}
