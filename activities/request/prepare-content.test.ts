import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  TranscriptMessage,
} from '../../core/session/content.ts';
import { limitMedia } from '../../core/session/context/limit-media.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import type { ImagePreparer } from '../../providers/image/image-preparer.ts';
import { createContentCache, mediaCharacters } from './content-cache.ts';
import { prepareContent, type ContentDeps } from './prepare-content.ts';

const LIMITS = { maxCount: 3, maxBytes: 1_000, maxPixelsPerSide: 100, mediaTypes: ['image/png'] };
const SEES = { images: LIMITS, pdf: true };
const READS = { images: null, pdf: false };
const never = new AbortController().signal;

/** Turns everything into a PNG that says what it was; refuses what is named `broken`. */
function scriptedPreparer(): ImagePreparer & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    prepare({ data }) {
      const name = Buffer.from(data).toString();
      calls.push(name);
      if (name === 'broken') {
        return Promise.reject(new AppError('invalid_request', 'The image cannot be used: it is broken.'));
      }
      return Promise.resolve({
        mediaType: 'image/png',
        data: Buffer.from(`png of ${name}`),
        width: 1,
        height: 1,
      });
    },
  };
}

let blobs = createInMemoryBlobStore();
let images = scriptedPreparer();
let deps: ContentDeps;
beforeEach(() => {
  blobs = createInMemoryBlobStore();
  images = scriptedPreparer();
  deps = { blobs, images, contents: createContentCache(10_000) };
});

const inline = (name: string, type = 'image/tiff'): ImageBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: type, data: Buffer.from(name).toString('base64') },
});
async function stored(name: string): Promise<ImageBlock> {
  const { sha256, bytes } = await blobs.put('w', Buffer.from(name));
  return { type: 'image', source: { type: 'stored', media_type: 'image/webp', sha256, bytes } };
}
async function pdf(said: string | null, pages = 1, bytes = 100): Promise<DocumentBlock> {
  const { sha256 } = await blobs.put('w', Buffer.from('%PDF'));
  const text = said === null ? null : await blobs.put('w', Buffer.from(said));
  return {
    type: 'document',
    title: 'Report',
    source: { type: 'stored', media_type: 'application/pdf', sha256, bytes, pdf: { pages, text } },
  };
}
const says = (...content: ContentBlock[]): TranscriptMessage => ({ role: 'user', content });
const shows = (...content: ContentBlock[]): TranscriptMessage => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 't', content, is_error: false }],
});

describe('images for a model', () => {
  it('are converted, of users and of tools alike', async () => {
    const prepared = await prepareContent(
      deps,
      'w',
      SEES,
      [says(await stored('photo'), { type: 'text', text: 'x' }), shows(inline('screen'))],
      never,
    );
    expect(prepared).toEqual([
      says(inline('png of photo', 'image/png'), { type: 'text', text: 'x' }),
      shows(inline('png of screen', 'image/png')),
    ]);
  });

  it('are read and converted once, as long as there is room to remember them', async () => {
    const messages = [says(await stored('photo')), shows(inline('screen'))];
    const first = await prepareContent(deps, 'w', SEES, messages, never);
    blobs = createInMemoryBlobStore();
    const again = await prepareContent({ ...deps, blobs }, 'w', SEES, [...messages], never);
    expect(again).toEqual(first);
    expect(images.calls).toEqual(['photo', 'screen']);
    const other = { ...SEES, images: { ...LIMITS, maxBytes: 5 } };
    await prepareContent(deps, 'w', other, [shows(inline('screen'))], never);
    expect(images.calls).toHaveLength(3);
  });

  it('become a sentence when they cannot be used, are too many, or are lost', async () => {
    const lost: ImageBlock = {
      type: 'image',
      source: { type: 'stored', media_type: 'image/png', sha256: '0'.repeat(64), bytes: 1 },
    };
    const prepared = await prepareContent(
      deps,
      'w',
      SEES,
      [shows(inline('one'), inline('two'), inline('broken')), says(lost)],
      never,
    );
    const text = JSON.stringify(prepared);
    expect(text).toContain('it is broken');
    expect(text).toContain('takes no more of them');
    expect(text).toContain('is lost');
    expect(text.split('"image"')).toHaveLength(2);
  });

  it('are left out without being read where the model takes none', async () => {
    const prepared = await prepareContent(
      deps,
      'w',
      READS,
      [says(await stored('one')), shows(inline('two'))],
      never,
    );
    expect(JSON.stringify(prepared)).not.toContain('"image"');
    expect(JSON.stringify(prepared)).toContain('this model takes no images');
    expect(images.calls).toEqual([]);
  });

  it('wait for a decoder that is busy: such a failure is passed on', async () => {
    const busy: ImagePreparer = {
      prepare: () => Promise.reject(new AppError('unavailable', 'busy')),
    };
    await expect(
      prepareContent({ ...deps, images: busy }, 'w', SEES, [shows(inline('one'))], never),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('documents for a model', () => {
  const text = (data: string) => ({ type: 'text', media_type: 'text/plain', data });

  it('go as they are where the model takes PDFs, and as their text otherwise', async () => {
    const messages = [says(await pdf('what it says'))];
    const [native] = await prepareContent(deps, 'w', SEES, messages, never);
    expect(native?.content).toMatchObject([
      { title: 'Report', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' } },
    ]);
    const [read] = await prepareContent(deps, 'w', READS, messages, never);
    expect(read?.content).toMatchObject([{ title: 'Report', source: text('what it says') }]);
  });

  it('go as their text when they are long', async () => {
    const long = await pdf('long', MEDIA_LIMITS.nativePdfPages + 1);
    const large = await pdf('large', 1, MEDIA_LIMITS.nativePdfBytes + 1);
    const [message] = await prepareContent(deps, 'w', SEES, [says(long, large)], never);
    expect(message?.content).toMatchObject([{ source: text('long') }, { source: text('large') }]);
  });

  it('become a sentence where there is no text to show', async () => {
    const [message] = await prepareContent(deps, 'w', READS, [says(await pdf(null))], never);
    expect(JSON.stringify(message)).toContain('PDF of pictures without text');
  });

  it('are put in as text when they are text', async () => {
    const { sha256, bytes } = await blobs.put('w', Buffer.from('a,b'));
    const document: DocumentBlock = {
      type: 'document',
      source: { type: 'stored', media_type: 'text/plain', sha256, bytes },
    };
    const [message] = await prepareContent(deps, 'w', READS, [says(document)], never);
    expect(message?.content).toEqual([{ type: 'document', source: text('a,b') }]);
  });
});

describe('the size of a request', () => {
  it('loses its oldest images first, a quarter of the limit at a time', () => {
    const messages = Array.from({ length: 12 }, (_value, index) =>
      says(inline(`${index}`.padStart(30, '0'))),
    );
    const size = mediaCharacters(inline('0'.repeat(30)));
    const left = (count: number) =>
      limitMedia(messages.slice(0, count), size * 8, mediaCharacters).filter(({ content }) =>
        content.some(({ type }) => type === 'image'),
      ).length;
    expect([8, 9, 10, 11, 12].map(left)).toEqual([8, 7, 8, 7, 8]);
    const [first, second, third] = limitMedia(messages.slice(0, 10), size * 8, mediaCharacters);
    expect([first, second, third].map((message) => message?.content[0]?.type)).toEqual([
      'text',
      'text',
      'image',
    ]);
  });
});
