import { AppError } from '../../core/errors.ts';
import type { DecodeOutcome, Decoder } from '../decoder/decoder.ts';
import { ImageAnswer, type ImageRequest } from './image-messages.ts';
import type {
  GivenImage,
  ImageDecodeLimits,
  ImagePreparer,
  ImageTarget,
  PreparedImage,
} from './image-preparer.ts';
import { refused } from './refused.ts';
import { MEDIA_TYPES, sniffFormat, usualMediaType } from './sniff-format.ts';

const LIMITS: ImageDecodeLimits = { maxBytes: 32 * 1024 * 1024, maxPixels: 50_000_000, maxFrames: 500 };
const MILLISECONDS = 20_000;

/** Prepares images in a decoder. What comes back is an image that fits the model, or is not taken. */
export function createDecodedImages(
  decoder: Decoder,
  options: { limits?: Partial<ImageDecodeLimits>; milliseconds?: number } = {},
): ImagePreparer {
  const limits = { ...LIMITS, ...options.limits };
  const { milliseconds = MILLISECONDS } = options;
  return {
    async prepare({ workspaceId, data, declaredType }, target, signal) {
      if (data.byteLength > limits.maxBytes)
        throw refused(
          `it has ${String(data.byteLength)} bytes, at most ${String(limits.maxBytes)} are taken`,
        );
      const value: ImageRequest = { target, limits, ...(declaredType === undefined ? {} : { declaredType }) };
      const job = {
        kind: 'image',
        workspaceId,
        value,
        parts: [data],
        milliseconds,
        answerBytes: target.maxBytes,
      };
      const outcome = await decoder.decode(job, signal);
      if (!outcome.ok) throw whyNot(outcome, milliseconds);
      const answer = checked(outcome, data, target);
      if (answer === null) throw refused('decoding it failed');
      return answer;
    },
  };
}

function whyNot({ cause, message }: Extract<DecodeOutcome, { ok: false }>, milliseconds: number): AppError {
  switch (cause) {
    case 'refused':
      return new AppError('invalid_request', message);
    case 'broken':
      return refused(`it cannot be decoded (${message})`);
    case 'time':
      return refused(`decoding it takes longer than ${String(milliseconds / 1_000)} s`);
    case 'memory':
      return refused('decoding it takes more memory than there is for one');
    case 'ended':
      return refused('decoding it failed');
  }
}

/** Null for what no honest decoder answers. */
function checked(
  { value, parts }: Extract<DecodeOutcome, { ok: true }>,
  given: GivenImage['data'],
  target: ImageTarget,
): PreparedImage | null {
  const read = ImageAnswer.safeParse(value);
  if (!read.success) return null;
  const { isSame, ...rest } = read.data;
  const [made] = parts;
  const data = isSame ? given : made;
  if (data === undefined || data.byteLength > target.maxBytes) return null;
  const format = sniffFormat(data);
  const isWhatItSays = format !== undefined && MEDIA_TYPES[format] === usualMediaType(rest.mediaType);
  return isWhatItSays && target.mediaTypes.includes(rest.mediaType) ? { ...rest, data } : null;
}
