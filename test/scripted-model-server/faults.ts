import type { Frame, WireFormat } from './format.ts';
import type { Fault, Place } from './script.ts';

/** How many frames go out before a place is reached. The end of the stream where it has no such place. */
export function framesBefore(frames: readonly Frame[], place: Place): number {
  const indexes = (kind: Frame['kind']) =>
    frames.flatMap((frame, index) => (frame.kind === kind ? [index] : []));
  if (place === 'head') return (indexes('head').at(-1) ?? 0) + 1;
  if (place === 'before-end') return indexes('end')[0] ?? frames.length - 1;
  // A format that sends calls whole has no place inside their arguments.
  const inside = indexes(place);
  const places = inside.length === 0 && place === 'tool-input' ? indexes('tool-start') : inside;
  // In the middle of a text, of the thinking, of the arguments; right after the start of a tool use.
  const middle = place === 'tool-start' ? places[0] : places[Math.floor((places.length - 1) / 2)];
  return middle === undefined ? frames.length : middle + 1;
}

/** The frames of a stream that breaks the protocol. */
export function malformed(
  frames: readonly Frame[],
  fault: Extract<Fault, { kind: 'malformed' }>,
  format: WireFormat,
): Frame[] {
  const at = framesBefore(frames, fault.at ?? 'text');
  const around = (frame: Frame) => [...frames.slice(0, at), frame, ...frames.slice(at)];
  switch (fault.what) {
    case 'bad-json':
      return around({ ...(frames[at] ?? { kind: 'other' }), data: '{"type": "content_block_de' });
    case 'unknown-event':
      return around(format.unknownFrame());
    case 'huge-line':
      return around(padded(format.unknownFrame()));
    case 'repeated-start': {
      const head = frames.find(({ kind }) => kind === 'head');
      return head === undefined ? [...frames] : around(head);
    }
    case 'wrong-order': {
      const text = frames.find(({ kind }) => kind === 'text');
      return text === undefined ? [...frames] : [text, ...frames];
    }
    default:
      return fault.what satisfies never;
  }
}

/** The frame on a line of ten megabytes. */
function padded(frame: Frame): Frame {
  return { ...frame, data: `${' '.repeat(10_000_000)}${frame.data}` };
}
