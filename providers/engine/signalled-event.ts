import type { JsonObject } from '../../core/json.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { SignalledEvent } from './session-engine.ts';

/** Bytes of an event that go into Temporal's history as they are. */
const INLINE_BYTES = 8 * 1024;

/** An accepted event as the signal carries it: small content inline, larger as a reference to a blob that is written here, at the place of such copies. */
export async function toSignalledEvent(
  blobs: Pick<BlobStore, 'put'>,
  place: string,
  event: {
    arrival: number;
    id: string;
    type: string;
    seq: number | null;
    ref: string | null;
    body: JsonObject;
  },
): Promise<SignalledEvent> {
  const { arrival, id, type, seq, ref, body } = event;
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  const content = bytes <= INLINE_BYTES ? { inline: body } : await blobs.put(place, Buffer.from(text));
  const allow = type === 'user.tool_confirmation' ? body['result'] === 'allow' : null;
  return { arrival, id, type, seq, ref, allow, content };
}
