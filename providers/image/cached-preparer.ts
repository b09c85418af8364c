import { createHash } from 'node:crypto';
import type { GivenImage, ImagePreparer, ImageTarget, PreparedImage } from './image-preparer.ts';

/**
 * Remembers prepared images by their content and target, the latest used ones up to `maxBytes`: a conversation shows the same images
 * again with every request, and each is converted once.
 */
export function createCachedPreparer(preparer: ImagePreparer, maxBytes = 128 * 1024 * 1024): ImagePreparer {
  const kept = new Map<string, { image: PreparedImage; bytes: number }>();
  let total = 0;

  const remember = (key: string, image: PreparedImage) => {
    const bytes = image.data.byteLength;
    if (bytes > maxBytes || kept.has(key)) return;
    kept.set(key, { image, bytes });
    total += bytes;
    for (const [oldest, entry] of kept) {
      if (total <= maxBytes) break;
      kept.delete(oldest);
      total -= entry.bytes;
    }
  };

  return {
    async prepare(image: GivenImage, target: ImageTarget, signal: AbortSignal): Promise<PreparedImage> {
      signal.throwIfAborted();
      const key = keyOf(image, target);
      const known = kept.get(key);
      if (known !== undefined) {
        // Taken out and put back, it is the latest used one.
        kept.delete(key);
        kept.set(key, known);
        return known.image;
      }
      const prepared = await preparer.prepare(image, target, signal);
      remember(key, prepared);
      return prepared;
    },
    close: () => preparer.close(),
  };
}

function keyOf({ data, declaredType }: GivenImage, target: ImageTarget): string {
  const content = createHash('sha256').update(data).digest('base64');
  return JSON.stringify([
    content,
    declaredType ?? null,
    target.mediaTypes,
    target.maxBytes,
    target.maxPixelsPerSide,
  ]);
}
