import type { Json, JsonObject } from '../json.ts';

/**
 * The canonical transcript: what is said to a model, in the Anthropic content-block shape, whichever vendor answers. Adapters in
 * `providers/model/` turn it into their vendor's request.
 */
export interface TextBlock {
  type: 'text';
  text: string;
}
export interface ImageBlock {
  type: 'image';
  source:
    | { type: 'base64'; media_type: string; data: string }
    | { type: 'url'; url: string }
    /** Bytes in the blob store; put in as base64 before a request is sent. */
    | { type: 'stored'; media_type: string; sha256: string; bytes: number };
}
/** What is known of a PDF. `text`: what it says; null where it cannot be read. */
export interface StoredPdf {
  pages: number;
  text: { sha256: string; bytes: number } | null;
}
export interface DocumentBlock {
  type: 'document';
  source:
    | { type: 'base64'; media_type: string; data: string }
    | { type: 'text'; media_type: 'text/plain'; data: string }
    | { type: 'url'; url: string }
    /** A PDF, or text, in the blob store; put in as base64 or as text before a request is sent. */
    | {
        type: 'stored';
        media_type: 'application/pdf' | 'text/plain';
        sha256: string;
        bytes: number;
        pdf?: StoredPdf;
      };
  title?: string | null;
  context?: string | null;
}
export interface SearchResultBlock {
  type: 'search_result';
  source: string;
  title: string;
  content: TextBlock[];
  citations: { enabled: boolean };
}
/** What a user message or a tool result may hold. */
export type ContentBlock = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock;

type Given<Block extends { source: { type: string } }> = Omit<Block, 'source'> & {
  source: Exclude<Block['source'], { type: 'stored' }>;
};
/** What a tool gives back, and what an event holds: content as the API has it, which never names the blob store. */
export type GivenBlock = TextBlock | Given<ImageBlock> | Given<DocumentBlock> | SearchResultBlock;

/**
 * Vendor data that continues a turn (thinking with its signature, encrypted reasoning items): only the provider named may read it;
 * it is dropped when the session moves to another.
 */
export interface OpaqueBlock {
  type: 'opaque';
  provider: string;
  data: Json;
}
export interface ToolUseBlock {
  type: 'tool_use';
  /** Our tool-use event id: unique in the session, unlike the vendors' call ids. */
  id: string;
  name: string;
  input: JsonObject;
  /** The vendor's own call id and data, for the vendor that made the call. */
  vendor?: { provider: string; callId: string | null; data?: Json };
}
export interface ToolResultBlock {
  type: 'tool_result';
  tool_use_id: string;
  content: ContentBlock[];
  is_error: boolean;
}
export type TranscriptBlock = ContentBlock | OpaqueBlock | ToolUseBlock | ToolResultBlock;

/** `system` is a system message in the middle of the conversation, sent by the client. */
export interface TranscriptMessage {
  role: 'user' | 'assistant' | 'system';
  content: TranscriptBlock[];
}
