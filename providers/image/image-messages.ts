import type { GivenImage, ImageDecodeLimits, ImageTarget, PreparedImage } from './image-preparer.ts';

/** What goes to the decoding process. */
export interface ImageRequest {
  id: number;
  image: GivenImage;
  target: ImageTarget;
  limits: ImageDecodeLimits;
}

/** And what comes back. */
export type ImageReply =
  { id: number; image: PreparedImage } | { id: number; failure: { expected: boolean; message: string } };
