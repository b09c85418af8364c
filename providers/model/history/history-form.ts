import { createHash } from 'node:crypto';
import type { ReasoningHistory } from '../../../core/models/model-entry.ts';
import type { TranscriptBlock, TranscriptMessage } from '../../../core/session/content.ts';
import type { ModelRequest } from '../model-provider.ts';
import { bridged, withoutMedia, withShortIds, withSystemInside, writtenOut } from './history-shape.ts';

/** In which form a conversation, and what only one vendor can read of it (reasoning, signatures), goes to a vendor: what all sessions share. */
export interface UsualForm {
  /** Which of the model's reasoning goes back: all of it, that of the tool loop which goes on, or none. */
  reasoning: ReasoningHistory;
  /** Whether an answer without reasoning goes with a stand-in for it: some vendors refuse a history without. */
  standIn: boolean;
  /** Whether a call without a signature goes with the vendor's word for "none": some vendors refuse it without. */
  standInSignature: boolean;
  /** Whether the model is asked to think. */
  thinking: boolean;
  /** Whether summaries of reasoning are asked for. */
  summaries: boolean;
  /** Whether reasoning is asked for in the encrypted form, in which it can come back. */
  encrypted: boolean;
  /** Where the system prompt stands: in its own place, or at the beginning of what the user says. */
  system: 'own' | 'user';
  /** Whether an answer stands between a tool's results and the next message: some vendors refuse a user's word after a tool's. */
  bridges: boolean;
  /** Whether the ids of calls are nine letters and digits, as Mistral's models want them. */
  shortIds: boolean;
}

/** What holds for one session, beside what holds for all. */
export interface SessionForm {
  /** The last piece of vendor data that the vendor refused: up to there, none goes back. */
  refusedUpTo: string | null;
  /** The last image or document that the vendor refused: up to there, none goes. */
  mediaRefusedUpTo: string | null;
  /** Whether the tool loop that goes on is without thinking, since its answers so far are. */
  loopWithoutThinking: boolean;
  /** Whether all of the conversation goes as one text: the last resort, which no server can refuse for its form. */
  writtenOut: boolean;
}

export type HistoryForm = UsualForm & SessionForm;

export const WHOLE_HISTORY: SessionForm = {
  refusedUpTo: null,
  mediaRefusedUpTo: null,
  loopWithoutThinking: false,
  writtenOut: false,
};

/** What stands for reasoning that nobody has. It is not empty: DeepSeek refuses that as well. */
export const STAND_IN_REASONING = '.';

/** Whether the model is asked to think in a request of this form. */
export function asksToThink(form: HistoryForm | undefined): boolean {
  return form === undefined || (form.thinking && !form.loopWithoutThinking);
}

/** The request with its conversation in the form. */
export function inForm(request: ModelRequest, provider: string, form: HistoryForm): ModelRequest {
  let messages = withVendorData(request.messages, provider, form);
  if (form.mediaRefusedUpTo !== null) messages = withoutMedia(messages, form.mediaRefusedUpTo);
  if (form.writtenOut) messages = writtenOut(messages);
  if (form.bridges) messages = bridged(messages);
  if (form.shortIds) messages = withShortIds(messages);
  if (form.system === 'own') return { ...request, messages };
  return { ...request, system: '', messages: withSystemInside(request.system, messages) };
}

/** Whether a tool's results are what the model answers. */
export function isInLoop(messages: readonly TranscriptMessage[]): boolean {
  const last = messages.at(-1);
  return last !== undefined && !isSpoken(last);
}

/** The messages with as much of the vendor's data as the form lets go back. */
function withVendorData(
  messages: readonly TranscriptMessage[],
  provider: string,
  { reasoning, refusedUpTo }: Pick<HistoryForm, 'reasoning' | 'refusedUpTo'>,
): TranscriptMessage[] {
  const accepted = withoutRefused(messages, provider, refusedUpTo);
  if (reasoning === 'all') return accepted;
  const loop = reasoning === 'none' ? messages.length : accepted.findLastIndex(isSpoken);
  return accepted.map((message, index) => (index <= loop ? withoutReasoning(message, provider) : message));
}

/** Whether somebody says something, rather than a tool. */
function isSpoken({ role, content }: TranscriptMessage): boolean {
  return role === 'user' && content.some(({ type }) => type !== 'tool_result');
}

function withoutReasoning(message: TranscriptMessage, provider: string): TranscriptMessage {
  const content = message.content.filter((block) => block.type !== 'opaque' || block.provider !== provider);
  return content.length === message.content.length ? message : { ...message, content };
}

/** Without what is up to the piece that was refused; unchanged where that is no longer among the messages. */
function withoutRefused(
  messages: readonly TranscriptMessage[],
  provider: string,
  refusedUpTo: string | null,
): TranscriptMessage[] {
  const last =
    refusedUpTo === null
      ? -1
      : (piecesOf(messages, provider).find(({ key }) => key === refusedUpTo)?.index ?? -1);
  return messages.map((message, index) => (index <= last ? withoutVendorData(message, provider) : message));
}

/** The key of the newest piece of vendor data in a conversation; null where there is none. */
export function newestPiece(messages: readonly TranscriptMessage[], provider: string): string | null {
  return piecesOf(messages, provider).at(-1)?.key ?? null;
}

type VendorPiece = Extract<TranscriptBlock, { type: 'opaque' | 'tool_use' }>;

/** All pieces of vendor data with the message that each is in. Equal ones are told apart by their number. */
function piecesOf(
  messages: readonly TranscriptMessage[],
  provider: string,
): { key: string; index: number }[] {
  const seen = new Map<string, number>();
  return messages.flatMap((message, index) =>
    vendorPieces(message, provider).map((block) => {
      const hash = hashOf(block);
      const count = (seen.get(hash) ?? 0) + 1;
      seen.set(hash, count);
      return { key: `${hash}#${String(count)}`, index };
    }),
  );
}

function vendorPieces(message: TranscriptMessage, provider: string): VendorPiece[] {
  if (message.role !== 'assistant') return [];
  return message.content.filter(
    (block): block is VendorPiece =>
      (block.type === 'opaque' && block.provider === provider) ||
      (block.type === 'tool_use' && block.vendor?.provider === provider && block.vendor.data !== undefined),
  );
}

function hashOf(block: VendorPiece): string {
  return block.type === 'tool_use'
    ? block.id
    : createHash('sha256').update(JSON.stringify(block.data)).digest('base64');
}

function withoutVendorData(message: TranscriptMessage, provider: string): TranscriptMessage {
  if (vendorPieces(message, provider).length === 0) return message;
  const content = withoutReasoning(message, provider).content.map((block): TranscriptBlock => {
    if (block.type !== 'tool_use' || block.vendor?.provider !== provider) return block;
    return { ...block, vendor: { provider, callId: block.vendor.callId } };
  });
  return { ...message, content };
}
