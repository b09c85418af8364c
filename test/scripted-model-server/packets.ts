import { gzipSync } from 'node:zlib';
import type { Frame } from './format.ts';
import type { Fault } from './script.ts';

type Form = Omit<Extract<Fault, { kind: 'form' }>, 'kind'>;

/** A frame as it goes over the wire. */
export function encodeFrame(frame: Frame, newline = '\n'): string {
  if (frame.comment !== undefined) return `: ${frame.comment}${newline}${newline}`;
  const event = frame.event === undefined ? '' : `event: ${frame.event}${newline}`;
  return `${event}data: ${frame.data}${newline}${newline}`;
}

/** The whole stream in the packets of an unusual form. */
export function packetsOf(frames: readonly Frame[], form: Form): Buffer[] {
  const text = frames.map((frame) => encodeFrame(frame, form.newline)).join('');
  const plain = Buffer.from(`${form.bom === true ? '\ufeff' : ''}${text}`);
  const bytes = form.gzip === true ? gzipSync(plain) : plain;
  if (form.atOnce === true) return [bytes];
  const size = form.packet ?? 64;
  const packets: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) packets.push(bytes.subarray(start, start + size));
  return packets;
}
