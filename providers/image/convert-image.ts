import type { Sharp } from 'sharp';
import { isAppError } from '../../core/errors.ts';
import type { GivenImage, ImageDecodeLimits, ImageTarget, PreparedImage } from './image-preparer.ts';
import { openImage, type OpenedImage } from './open-image.ts';
import { refused } from './refused.ts';
import { MEDIA_TYPES, sniffFormat, usualMediaType, type ImageFormat } from './sniff-format.ts';

/** Prepares one image. Runs in a decoder process. */
export async function convertImage(
  image: Omit<GivenImage, 'workspaceId'>,
  target: ImageTarget,
  limits: ImageDecodeLimits,
): Promise<PreparedImage> {
  const { data } = image;
  if (data.byteLength > limits.maxBytes)
    throw refused(`it has ${String(data.byteLength)} bytes, at most ${String(limits.maxBytes)} are taken`);
  const format = sniffFormat(data);
  if (format === undefined) throw refused('its first bytes are of no known image format');
  checkDeclared(image.declaredType, format);
  try {
    const opened = await openImage(data, format, limits);
    if (fits(data, format, opened, target)) {
      // Reading it once through tells a broken file from a whole one.
      await opened.open().resize(8, 8, { fit: 'fill' }).raw().toBuffer();
      return { mediaType: MEDIA_TYPES[format], data, width: opened.width, height: opened.height };
    }
    return await convert(opened, format, target);
  } catch (error) {
    if (isAppError(error)) throw error;
    throw refused(
      `it cannot be decoded (${error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown'})`,
    );
  }
}

function checkDeclared(declared: string | undefined, format: ImageFormat): void {
  if (declared === undefined || usualMediaType(declared) === MEDIA_TYPES[format]) return;
  throw refused(`it is said to be ${declared.slice(0, 100)} but is ${MEDIA_TYPES[format]}`);
}

function fits(data: Uint8Array, format: ImageFormat, opened: OpenedImage, target: ImageTarget): boolean {
  return (
    !opened.turned &&
    // Vendors refuse moving pictures, or look at the first one only.
    !opened.animated &&
    target.mediaTypes.includes(MEDIA_TYPES[format]) &&
    data.byteLength <= target.maxBytes &&
    Math.max(opened.width, opened.height) <= target.maxPixelsPerSide
  );
}

type Output = 'png' | 'jpeg' | 'webp';

interface Attempt {
  output: Output;
  quality: number;
  scale: number;
}

/** Converts, and where the result is too large, again: with less quality first, then smaller. */
async function convert(
  opened: OpenedImage,
  format: ImageFormat,
  target: ImageTarget,
): Promise<PreparedImage> {
  const outputs = (['png', 'jpeg', 'webp'] as const).filter((output) =>
    target.mediaTypes.includes(MEDIA_TYPES[output]),
  );
  if (outputs.length === 0)
    throw refused(`the model takes only ${target.mediaTypes.join(', ')}, which nothing is converted to`);
  for (const attempt of attemptsFor(outputs, opened, format)) {
    const { data, info } = await encode(scaled(opened.open(), target, attempt.scale), attempt);
    if (data.byteLength <= target.maxBytes)
      return { mediaType: MEDIA_TYPES[attempt.output], data, width: info.width, height: info.height };
  }
  throw refused(`it cannot be made smaller than ${String(target.maxBytes)} bytes`);
}

/** Drawings and pictures that one sees through stay without loss as long as they are small enough. */
function attemptsFor(outputs: readonly Output[], opened: OpenedImage, format: ImageFormat): Attempt[] {
  const exact =
    opened.hasAlpha || format === 'png' || format === 'gif' || format === 'svg' || format === 'bmp';
  const lossy: Output = outputs.find((output) => output !== 'png') ?? 'png';
  const first: Output = exact && outputs.includes('png') ? 'png' : lossy;
  return [
    { output: first, quality: 85, scale: 1 },
    ...[85, 70, 50].map((quality) => ({ output: lossy, quality, scale: 1 })),
    ...[0.7, 0.5, 0.35, 0.25, 0.15, 0.1].map((scale) => ({ output: lossy, quality: 60, scale })),
  ];
}

function scaled(picture: Sharp, target: ImageTarget, scale: number): Sharp {
  const side = Math.max(1, Math.floor(target.maxPixelsPerSide * scale));
  return picture.autoOrient().resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
}

async function encode(picture: Sharp, { output, quality }: Attempt): ReturnType<typeof toBuffer> {
  switch (output) {
    case 'png':
      return toBuffer(picture.png({ compressionLevel: 8 }));
    case 'jpeg':
      return toBuffer(picture.flatten({ background: '#ffffff' }).jpeg({ quality, mozjpeg: false }));
    case 'webp':
      return toBuffer(picture.webp({ quality }));
    default:
      return output satisfies never;
  }
}

function toBuffer(picture: Sharp) {
  return picture.toBuffer({ resolveWithObject: true });
}
