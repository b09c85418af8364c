import sharp from 'sharp';
import { isAppError } from '../../core/errors.ts';
import { convertImage } from './convert-image.ts';
import type { ImageReply, ImageRequest } from './image-messages.ts';

/** The process that decodes images: one at a time, nothing kept. It ends when its parent does. */
sharp.concurrency(1);
sharp.cache(false);

process.on('message', (message: ImageRequest) => {
  const reply = (answer: ImageReply) => process.send?.(answer);
  convertImage(message.image, message.target, message.limits).then(
    (image) => reply({ id: message.id, image }),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      reply({ id: message.id, failure: { expected: isAppError(error), message: text } });
    },
  );
});
process.on('disconnect', () => process.exit(0));
