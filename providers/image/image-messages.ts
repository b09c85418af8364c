import { z } from 'zod';
import type { ImageDecodeLimits, ImageTarget } from './image-preparer.ts';

/** What goes to the decoder process, besides the image's bytes. */
export interface ImageRequest {
  declaredType?: string;
  target: ImageTarget;
  limits: ImageDecodeLimits;
}

/** And what comes back, besides the bytes of an image that was converted. */
export const ImageAnswer = z.strictObject({
  mediaType: z.string().max(100),
  width: z.int().positive(),
  height: z.int().positive(),
  isSame: z.boolean(),
});
export type ImageAnswer = z.infer<typeof ImageAnswer>;
