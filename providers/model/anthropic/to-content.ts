import type {
  DocumentBlockParam,
  ImageBlockParam,
  SearchResultBlockParam,
  TextBlockParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { AppError } from '../../../core/errors.ts';
import type { ContentBlock, ToolResultBlock } from '../../../core/session/content.ts';
import { isVisibleText } from '../conversation.ts';

export type AnthropicContent = TextBlockParam | ImageBlockParam | DocumentBlockParam | SearchResultBlockParam;

/** A block of a user's message or a tool's result. What is stored must have been put in as base64 before. */
export function toAnthropicContent(block: ContentBlock): AnthropicContent {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image':
      return { type: 'image', source: imageSourceOf(block.source) };
    case 'document':
      return {
        type: 'document',
        source: documentSourceOf(block.source),
        ...(block.title ? { title: block.title } : {}),
        ...(block.context ? { context: block.context } : {}),
      };
    case 'search_result':
      return {
        type: 'search_result',
        source: block.source,
        title: block.title,
        content: block.content.map(({ text }) => ({ type: 'text', text })),
        citations: { enabled: block.citations.enabled },
      };
    default:
      return block satisfies never;
  }
}

/**
 * A tool's result, and what must follow it in the message: the vendor takes nothing but text in an error result, and no error
 * result without any.
 */
export function toAnthropicResult(
  result: ToolResultBlock,
  wireId: string,
): { result: ToolResultBlockParam; after: AnthropicContent[] } {
  const visible = result.content.filter((block) => block.type !== 'text' || isVisibleText(block));
  const text = result.is_error ? visible.filter((block) => block.type === 'text') : visible;
  const after = result.is_error ? visible.filter((block) => block.type !== 'text') : [];
  const content = text.map(toAnthropicContent);
  if (result.is_error && content.length === 0)
    content.push({ type: 'text', text: 'The tool failed without saying why.' });
  return {
    result: {
      type: 'tool_result',
      tool_use_id: wireId,
      ...(content.length > 0 ? { content } : {}),
      ...(result.is_error ? { is_error: true } : {}),
    },
    after: after.map(toAnthropicContent),
  };
}

type ImageSource = Extract<ContentBlock, { type: 'image' }>['source'];
type DocumentSource = Extract<ContentBlock, { type: 'document' }>['source'];

function imageSourceOf(source: ImageSource): ImageBlockParam['source'] {
  switch (source.type) {
    case 'base64':
      return { type: 'base64', media_type: imageTypeOf(source.media_type), data: source.data };
    case 'url':
      return { type: 'url', url: source.url };
    case 'stored':
      throw unresolved(source.sha256);
    default:
      return source satisfies never;
  }
}

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

function imageTypeOf(mediaType: string): (typeof IMAGE_TYPES)[number] {
  const known = IMAGE_TYPES.find((type) => type === mediaType);
  if (known !== undefined) return known;
  throw new AppError(
    'model_request_refused',
    `Anthropic takes no ${mediaType} images; convert it to one of ${IMAGE_TYPES.join(', ')} first.`,
  );
}

function documentSourceOf(source: DocumentSource): DocumentBlockParam['source'] {
  switch (source.type) {
    case 'base64':
      if (source.media_type !== 'application/pdf')
        throw new AppError(
          'model_request_refused',
          `Anthropic takes no ${source.media_type} documents; only PDF and plain text.`,
        );
      return { type: 'base64', media_type: 'application/pdf', data: source.data };
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.data };
    case 'url':
      return { type: 'url', url: source.url };
    case 'stored':
      throw unresolved(source.sha256);
    default:
      return source satisfies never;
  }
}

function unresolved(sha256: string): AppError {
  return new AppError(
    'model_request_refused',
    `The content of the blob ${sha256} is missing from the request.`,
  );
}
