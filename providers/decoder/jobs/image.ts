import sharp from 'sharp';
import { convertImage } from '../../image/convert-image.ts';
import type { ImageRequest, ImageAnswer } from '../../image/image-messages.ts';
import type { JobModule } from '../job-module.ts';

sharp.concurrency(1);
sharp.cache(false);

/** Prepares one image. An image that may stay as it is does not come back. */
export const run: JobModule['run'] = async (value, [data = Buffer.alloc(0)]) => {
  const { declaredType, target, limits } = value as ImageRequest;
  const image = { data, ...(declaredType === undefined ? {} : { declaredType }) };
  const { data: made, ...rest } = await convertImage(image, target, limits);
  const isSame = made === data;
  return { value: { ...rest, isSame } satisfies ImageAnswer, parts: isSame ? [] : [made] };
};
