import { z } from 'zod';
import { isBase64 } from '../base64.ts';

const Base64 = z.string().min(1).refine(isBase64, 'expected data in base64');
const WebUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).max(8_192);
const FileSource = z.strictObject({ type: z.literal('file'), file_id: z.string().min(1).max(256) });
const UrlSource = z.strictObject({ type: z.literal('url'), url: WebUrl });

const TextBlock = z.strictObject({ type: z.literal('text'), text: z.string() });
const SaidText = TextBlock.extend({ text: z.string().min(1, 'must not be empty') });

const ImageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z
        .string()
        .max(100)
        .regex(/^image\/[\w.+-]+$/, 'expected the MIME type of an image'),
      data: Base64,
    }),
    UrlSource,
    FileSource,
  ]),
});

const DocumentBlock = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z
        .string()
        .max(100)
        .regex(/^[\w.+-]+\/[\w.+-]+$/, 'expected a MIME type such as application/pdf'),
      data: Base64,
    }),
    z.strictObject({
      type: z.literal('text'),
      media_type: z.literal('text/plain'),
      data: z.string().min(1, 'must not be empty'),
    }),
    UrlSource,
    FileSource,
  ]),
  title: z.string().max(1_000).nullish(),
  context: z.string().max(100_000).nullish(),
});

const SearchResultBlock = z.strictObject({
  type: z.literal('search_result'),
  source: z.string().min(1).max(8_192),
  title: z.string().max(1_000),
  content: z.array(TextBlock).min(1),
  citations: z.strictObject({ enabled: z.boolean() }),
});

/** What a user message holds. */
export const MessageContent = z
  .array(z.discriminatedUnion('type', [SaidText, ImageBlock, DocumentBlock]))
  .min(1)
  .meta({ id: 'MessageContent' });
export type MessageContent = z.infer<typeof MessageContent>;

/** What the result of a client's tool holds. A tool may well print nothing. */
export const ToolResultContent = z
  .array(z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, SearchResultBlock]))
  .meta({ id: 'ToolResultContent' });
export type ToolResultContent = z.infer<typeof ToolResultContent>;

/** What a system message holds. */
export const SystemContent = z.array(SaidText).min(1).max(1_000).meta({ id: 'SystemContent' });
