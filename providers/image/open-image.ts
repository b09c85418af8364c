import { decode as decodeBmp } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import type { ImageDecodeLimits } from './image-preparer.ts';
import type { ImageFormat } from './sniff-format.ts';
import { refused } from './refused.ts';

export interface OpenedImage {
  /** Opens the first picture anew; a pipeline can be used once. */
  open(): Sharp;
  width: number;
  height: number;
  hasAlpha: boolean;
  /** Whether it has to be turned to be upright. */
  turned: boolean;
  /** Whether there are more pictures after the first. */
  animated: boolean;
}

/** Longest side that is drawn of a picture made of shapes, which has no size of its own. */
const SVG_SIDE = 1_024;

/** Reads the size from the header, refuses what is too large, and only then lets anything be decoded. */
export async function openImage(
  data: Uint8Array,
  format: ImageFormat,
  limits: ImageDecodeLimits,
): Promise<OpenedImage> {
  if (format === 'heic') return openHeic(data, limits);
  if (format === 'bmp') return openBmp(data, limits);
  const options = { limitInputPixels: limits.maxPixels, failOn: 'error' as const, sequentialRead: true };
  const {
    width,
    height,
    pages = 1,
    pageHeight,
    orientation = 1,
    hasAlpha,
  } = await sharp(data, options).metadata();
  const frameHeight = pageHeight ?? height;
  checkSize(width, frameHeight, limits);
  if (pages > limits.maxFrames)
    throw refused(`it has ${String(pages)} pictures, at most ${String(limits.maxFrames)} are taken`);
  const density = format === 'svg' ? svgDensity(width, frameHeight) : undefined;
  return {
    open: () => sharp(data, { ...options, ...(density === undefined ? {} : { density }) }),
    width,
    height: frameHeight,
    hasAlpha,
    turned: orientation > 1,
    animated: pages > 1,
  };
}

/** Small drawings are drawn larger, so that a model sees what is on them. */
function svgDensity(width: number, height: number): number {
  return Math.min(2_400, Math.max(72, Math.floor((72 * SVG_SIDE) / Math.max(width, height, 1))));
}

async function openHeic(data: Uint8Array, limits: ImageDecodeLimits): Promise<OpenedImage> {
  // Two megabytes of code that most images do without.
  const { default: decodeHeic } = await import('heic-decode');
  const [first] = await decodeHeic.all({ buffer: data });
  if (first === undefined) throw refused('it holds no picture');
  const { width, height } = sizeOf(first);
  checkSize(width, height, limits);
  const { data: pixels } = await first.decode();
  const raw = { raw: { width, height, channels: 4 as const } };
  return { open: () => sharp(pixels, raw), width, height, hasAlpha: false, turned: false, animated: false };
}

/** The decoder tells the size before it decodes, which its types leave out. */
function sizeOf(image: object): { width: number; height: number } {
  const width: unknown = 'width' in image ? image.width : 0;
  const height: unknown = 'height' in image ? image.height : 0;
  return { width: Number(width), height: Number(height) };
}

function openBmp(data: Uint8Array, limits: ImageDecodeLimits): OpenedImage {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const width = bytes.readInt32LE(18);
  const height = Math.abs(bytes.readInt32LE(22));
  checkSize(width, height, limits);
  const { data: pixels } = decodeBmp(bytes, { toRGBA: true });
  if (pixels.length < width * height * 4) throw refused('it ends before its last pixel');
  const raw = { raw: { width, height, channels: 4 as const } };
  return {
    open: () => sharp(pixels, raw).removeAlpha(),
    width,
    height,
    hasAlpha: false,
    turned: false,
    animated: false,
  };
}

function checkSize(width: number, height: number, limits: ImageDecodeLimits): void {
  if (!(width > 0 && height > 0)) throw refused('it has no size');
  if (width * height > limits.maxPixels)
    throw refused(
      `it has ${String(width)} × ${String(height)} pixels, at most ${String(limits.maxPixels)} in all are decoded`,
    );
}
