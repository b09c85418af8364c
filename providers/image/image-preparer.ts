/** What a model takes of an image. Sizes are of the file, not of its base64 form. */
export interface ImageTarget {
  mediaTypes: readonly string[];
  maxBytes: number;
  maxPixelsPerSide: number;
}

export interface GivenImage {
  /** Whose image it is: processes that decode serve one workspace each. */
  workspaceId: string;
  data: Uint8Array;
  /** What it is said to be; checked where given. */
  declaredType?: string;
}

export interface PreparedImage {
  mediaType: string;
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Makes of any uploaded image one that a model takes: PNG, JPEG, WebP, GIF, AVIF, HEIC, TIFF, BMP and SVG, turned upright, scaled down to
 * the limits, of an animation the first picture where it has to be converted. What fits already comes back byte for byte.
 *
 * `prepare` throws `invalid_request` for what is no image, is not what it says it is, is broken, or is larger than the limits allow to
 * decode, and `unavailable` when too many wait or nothing can be decoded at the moment; nothing else. Aborting `signal` ends the waiting and throws its reason. Deterministic,
 * so it may be repeated. Decoding happens in a {@link Decoder}, which is killed when it fails and holds nothing worth having.
 */
export interface ImagePreparer {
  prepare(image: GivenImage, target: ImageTarget, signal: AbortSignal): Promise<PreparedImage>;
}

/** How much an image may ask of the decoder. */
export interface ImageDecodeLimits {
  maxBytes: number;
  /** Width times height of one picture. */
  maxPixels: number;
  /** Pictures of an animation. */
  maxFrames: number;
}
