import { createHash } from 'node:crypto';
import type { ContentBlock } from '../../core/session/content.ts';

/**
 * Blocks as they go to a model, by what they are made of, the latest used ones up to `maxCharacters`: a conversation shows the same
 * images and documents again with every request, and each is read and converted once.
 */
export interface ContentCache {
  get(key: string): ContentBlock | undefined;
  set(key: string, block: ContentBlock): void;
  /** The hash of data that stands in a transcript, which stays the same object from step to step. */
  hashOf(source: { data: string }): string;
}

export function createContentCache(maxCharacters: number): ContentCache {
  const kept = new Map<string, { block: ContentBlock; size: number }>();
  const hashes = new WeakMap<object, string>();
  let total = 0;
  return {
    get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      // Taken out and put back, it is the latest used one.
      kept.delete(key);
      kept.set(key, found);
      return found.block;
    },
    set(key, block) {
      const size = mediaCharacters(block);
      if (size > maxCharacters || kept.has(key)) return;
      kept.set(key, { block, size });
      total += size;
      for (const [oldest, entry] of kept) {
        if (total <= maxCharacters) break;
        kept.delete(oldest);
        total -= entry.size;
      }
    },
    hashOf(source) {
      const known = hashes.get(source);
      if (known !== undefined) return known;
      const hash = createHash('sha256').update(source.data).digest('base64');
      hashes.set(source, hash);
      return hash;
    },
  };
}

/** Characters of the data of an image or document. */
export function mediaCharacters(block: ContentBlock): number {
  return (block.type === 'image' || block.type === 'document') && 'data' in block.source
    ? block.source.data.length
    : 0;
}
