import { z } from 'zod';

/** AIO's bounds of what its endpoints take; it answers 422 to what is outside. Fields that it does not know are ignored. */
const seconds = z.int().min(1).max(300).nullish();
const text = z.string();
const maybe = z.string().nullish();

const BODIES: Readonly<Record<string, z.ZodObject>> = {
  'POST /v1/bash/exec': z.object({
    command: text,
    session_id: maybe,
    exec_dir: maybe,
    env: z.record(text, text).nullish(),
    async_mode: z.boolean().optional(),
    timeout: z.number().nullish(),
    hard_timeout: z.number().nullish(),
    max_output_length: z.int().optional(),
  }),
  'POST /v1/bash/output': z.object({ session_id: text, command_id: maybe, offset: z.int().optional() }),
  'POST /v1/bash/write': z.object({ session_id: text, input: text }),
  'POST /v1/bash/kill': z.object({ session_id: text, signal: text.optional() }),
  'POST /v1/file/write': z.object({ file: text, content: text }),
  'POST /v1/file/glob': z.object({
    path: text,
    pattern: text,
    max_results: z.int().min(1).max(50_000).nullish(),
    sort_by: maybe,
    sort_desc: z.boolean().nullish(),
  }),
  'POST /v1/file/grep': z.object({
    path: text,
    pattern: text,
    max_results: z.int().min(1).max(10_000).nullish(),
    max_file_size: maybe,
  }),
  'POST /v1/jupyter/execute': z.object({ code: text, timeout: seconds, session_id: maybe, cwd: maybe }),
  'POST /v1/nodejs/execute': z.object({
    code: text,
    timeout: seconds,
    session_id: maybe,
    cwd: maybe,
    stateful: z.boolean().nullish(),
  }),
  'POST /v1/nodejs/sessions': z.object({ session_id: maybe, cwd: maybe }),
  'POST /v1/browser/page/navigate': z.object({ url: text, timeout: z.number().optional() }),
  'POST /v1/browser/page/fill': z.object({ text }),
  'POST /v1/browser/page/evaluate': z.object({ expression: text }),
  'POST /v1/browser/page/press_key': z.object({ key: text }),
  'POST /v1/browser/page/hot_key': z.object({ keys: z.array(text) }),
  'POST /v1/browser/page/select_option': z.object({ selector: text }),
  'POST /v1/browser/page/scroll_to_element': z.object({ selector: text }),
  'POST /v1/browser/page/record': z.object({
    action: z.enum(['once', 'start', 'pause', 'resume', 'stop', 'status']),
  }),
};

/** What is wrong with a request, as AIO's `detail`; undefined when nothing is. */
export function refusalOf(route: string, body: unknown): object[] | undefined {
  const parsed = BODIES[route]?.safeParse(body);
  if (parsed === undefined || parsed.success) return undefined;
  return parsed.error.issues.map(({ path, message }) => ({ loc: ['body', ...path], msg: message }));
}
