import { z } from 'zod';
import { Reference } from './ids.ts';
import { Cursor } from './page.ts';
import { queryInteger } from './query.ts';
import { SESSION_STATUSES } from './session.ts';
import { Timestamp } from './time.ts';

/** A file that a message refers to, as the upload answered it. Only `path` counts; the rest may come back as it was. */
export const SimpleAttachment = z
  .object({
    path: z.string().min(1).max(1_024),
    filename: z.string().max(1_024).optional(),
    size: z.number().optional(),
    mime_type: z.string().max(256).optional(),
    is_image: z.boolean().optional(),
  })
  .meta({ id: 'SimpleAttachment' });

const Attachments = z.array(SimpleAttachment).max(100);

/** Body of `POST /api/sessions/{session_id}/messages`. */
export const SimpleMessage = z
  .strictObject({ message: z.string().max(10_000_000).default(''), attachments: Attachments.default([]) })
  .refine(({ message, attachments }) => message.trim() !== '' || attachments.length > 0, {
    path: ['message'],
    message: 'expected what to say to the agent',
  })
  .meta({ id: 'SimpleMessage' });
export type SimpleMessage = z.output<typeof SimpleMessage>;

/** Body of `POST /api/sessions`. */
export const SimpleSessionCreate = z
  .strictObject({
    message: z.string().min(1).max(10_000_000).optional(),
    title: z.string().max(1_024).optional(),
    agent: Reference.optional(),
    environment_id: Reference.optional(),
  })
  .meta({ id: 'SimpleSessionCreate' });

const SimpleEvent = z.object({
  id: z.string(),
  type: z.enum(['user_message', 'assistant_message', 'tool_use', 'tool_result', 'error']),
  content: z.unknown(),
  timestamp: Timestamp.nullable(),
});

/** A session as the simple door shows it. In a list it comes without its events. */
export const SimpleSession = z
  .object({
    id: z.string(),
    title: z.string().nullable(),
    status: z.enum(SESSION_STATUSES),
    agent: z.string(),
    environment_id: z.string(),
    skills: z.array(z.string()),
    created_at: Timestamp,
    updated_at: Timestamp,
    events: z.array(SimpleEvent).optional(),
  })
  .meta({ id: 'SimpleSession' });
export type SimpleSession = z.infer<typeof SimpleSession>;

export const SimpleSessionQuery = z.object({
  limit: queryInteger(1, 100).default(100),
  page: Cursor.optional(),
});

/** The form of `POST /api/sessions/{session_id}/upload`. */
export const SimpleUpload = z.object({
  file: z.string().meta({ format: 'binary' }),
  path: z.string().max(1_024).optional(),
  message: z.string().optional(),
});

/** Which file of which session. */
export const SimpleFileQuery = z.object({
  session_id: z.string().min(1).max(80),
  path: z.string().min(1).max(1_024),
});

/** What a turn's stream sends. The data depends on the event. */
export const SimpleStreamEvent = z.looseObject({}).meta({ id: 'SimpleStreamEvent' });
