import { z } from 'zod';
import { MessageContent, SystemContent, ToolResultContent } from './content.ts';

const UserMessage = z.strictObject({ type: z.literal('user.message'), content: MessageContent });

const UserInterrupt = z.strictObject({
  type: z.literal('user.interrupt'),
  session_thread_id: z.string().min(1).max(256).nullish(),
});

const UserToolConfirmation = z
  .strictObject({
    type: z.literal('user.tool_confirmation'),
    tool_use_id: z.string().min(1).max(256),
    result: z.enum(['allow', 'deny']),
    deny_message: z.string().max(100_000).nullish(),
  })
  .refine(({ result, deny_message: message }) => result === 'deny' || message == null, {
    path: ['deny_message'],
    message: 'is only allowed when result is deny',
  });

const resultFields = { content: ToolResultContent.optional(), is_error: z.boolean().nullish() };

const UserCustomToolResult = z.strictObject({
  type: z.literal('user.custom_tool_result'),
  custom_tool_use_id: z.string().min(1).max(256),
  ...resultFields,
});

const UserToolResult = z.strictObject({
  type: z.literal('user.tool_result'),
  tool_use_id: z.string().min(1).max(256),
  ...resultFields,
});

const UserDefineOutcome = z.strictObject({
  type: z.literal('user.define_outcome'),
  description: z.string().min(1),
  rubric: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), content: z.string().min(1).max(262_144) }),
    z.strictObject({ type: z.literal('file'), file_id: z.string().min(1).max(256) }),
  ]),
  max_iterations: z.int().min(1).max(20).nullish(),
});

const SystemMessage = z.strictObject({ type: z.literal('system.message'), content: SystemContent });

const CARRIERS = ['user.message', 'user.tool_result', 'user.custom_tool_result'];

/** One event that a client sends. */
export const ClientEvent = z
  .discriminatedUnion('type', [
    UserMessage,
    UserInterrupt,
    UserToolConfirmation,
    UserCustomToolResult,
    UserToolResult,
    UserDefineOutcome,
    SystemMessage,
  ])
  .meta({ id: 'ClientEvent' });
export type ClientEvent = z.infer<typeof ClientEvent>;

/** Body of `POST /v1/sessions/{session_id}/events`. */
export const EventsSend = z
  .strictObject({
    events: z
      .array(ClientEvent)
      .min(1)
      .max(1_000)
      .superRefine((events, context) => {
        for (const [index, event] of events.entries()) {
          if (event.type !== 'system.message') continue;
          const before = events[index - 1]?.type;
          const message =
            index !== events.length - 1
              ? 'a system.message must be the last event of a request'
              : before === undefined || !CARRIERS.includes(before)
                ? 'a system.message must directly follow a user.message or a tool result in the same request'
                : null;
          if (message !== null) context.addIssue({ code: 'custom', path: [index, 'type'], message });
        }
      }),
  })
  .meta({ id: 'EventsSend' });

/** What a session may be created with. */
export const InitialEvents = z
  .array(z.discriminatedUnion('type', [UserMessage, UserDefineOutcome]))
  .max(50)
  .superRefine((events, context) => {
    const outcomes = events.filter(({ type }) => type === 'user.define_outcome').length;
    if (outcomes > 1) context.addIssue('holds more than one user.define_outcome');
    const documents = events.flatMap((event) =>
      event.type === 'user.message'
        ? event.content.filter((block) => block.type === 'document' && block.source.type === 'file')
        : [],
    );
    if (documents.length > 100) context.addIssue('refers to more than 100 files in document blocks');
  });

/** A stored event. The fields that are not named depend on its type. */
export const SessionEvent = z
  .looseObject({ id: z.string(), type: z.string(), processed_at: z.iso.datetime().nullable() })
  .meta({ id: 'SessionEvent' });
