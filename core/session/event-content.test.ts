import { describe, expect, it } from 'vitest';
import { largeStringsOf, withoutPinnedData, withReferences } from '../journal/large-strings.ts';
import { blobsOf } from '../journal/large-strings.ts';
import { withoutPins, withPins, type MediaPin } from '../journal/media-pins.ts';
import { toShownEvent } from '../journal/shown-event.ts';
import type { JsonObject } from '../json.ts';
import { eventContent } from './event-content.ts';

const FILE = {
  file_id: 'file_copy',
  resource_id: 'sesrsc_1',
  name: 'table.csv',
  media_type: 'text/csv',
  bytes: 12,
  sha256: 'f11e',
  path: '/mnt/session/uploads/f11e/table.csv',
};
const pin = (at: number, rest: Partial<MediaPin>): MediaPin => ({
  at,
  name: null,
  shown: null,
  file: null,
  ...rest,
});
const sent: JsonObject = {
  id: 'sevt_1',
  type: 'user.message',
  content: [
    { type: 'text', text: 'look' },
    { type: 'image', source: { type: 'url', url: 'https://site.example/a' } },
    { type: 'document', source: { type: 'file', file_id: 'file_1' }, title: 'Numbers', context: 'of May' },
    { type: 'document', source: { type: 'file', file_id: 'file_2' } },
  ],
};
const body = withPins(sent, [
  pin(1, { shown: { type: 'image', media_type: 'image/png', sha256: 'a1', bytes: 3 } }),
  pin(2, {
    name: 'n.pdf',
    shown: { type: 'pdf', pages: 2, sha256: 'b2', bytes: 4, text: { sha256: 'c3', bytes: 5 } },
  }),
  pin(3, { name: 'table.csv', file: FILE }),
]);

describe('the content of an event for a model', () => {
  it('is what the pins say, with the place of each file', () => {
    expect(eventContent(body)).toEqual([
      { type: 'text', text: 'look' },
      { type: 'image', source: { type: 'stored', media_type: 'image/png', sha256: 'a1', bytes: 3 } },
      {
        type: 'document',
        title: 'Numbers',
        context: 'of May',
        source: {
          type: 'stored',
          media_type: 'application/pdf',
          sha256: 'b2',
          bytes: 4,
          pdf: { pages: 2, text: { sha256: 'c3', bytes: 5 } },
        },
      },
      {
        type: 'text',
        text: '[The file table.csv (text/csv, 12 bytes) lies in your sandbox at /mnt/session/uploads/f11e/table.csv.]',
      },
    ]);
  });

  it('says of a file that was never pinned that it was not kept', () => {
    expect(JSON.stringify(eventContent(sent))).toContain('The file of this document was not kept');
  });
});

describe('pins', () => {
  it('are never shown to clients, who see what they sent', () => {
    expect(withoutPins(body)).toEqual(sent);
    expect(toShownEvent(body, null)).toEqual({ ...sent, processed_at: null });
  });

  it('keep their blobs, beside those of large strings', () => {
    expect(blobsOf(body)).toEqual(['a1', 'b2', 'c3', 'f11e']);
  });

  it('spare a reader the data that nobody looks at', () => {
    const long = 'x'.repeat(300_000);
    const large = withPins(
      {
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: long } },
          { type: 'text', text: long },
        ],
      },
      [pin(0, { shown: { type: 'image', media_type: 'image/png', sha256: 'a1', bytes: 3 } })],
    );
    const references = largeStringsOf(large).map(({ path }, index) => ({
      path,
      sha256: `s${index}`,
      bytes: 300_000,
    }));
    const stored = withReferences(large, references);
    expect(blobsOf(stored)).toEqual(['s0', 's1', 'a1']);
    expect(blobsOf(withoutPinnedData(stored))).toEqual(['s1', 'a1']);
  });
});
