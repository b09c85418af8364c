import { z } from 'zod';

/** The Temporal server that runs the sessions. */
export const TemporalSettings = z.strictObject({
  address: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'host:port of a Temporal server, or unix: and the path of a socket; null: npm start runs one itself.',
    ),
  managed: z
    .boolean()
    .default(false)
    .describe('The server at temporal.address is run by npm start, so a new one is taken over; set by it.'),
  namespace: z.string().min(1).default('default').describe('Temporal namespace.'),
  task_queue: z.string().min(1).default('managed-agent').describe('Task queue of the workers.'),
  hands_task_queue: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Task queue of tool calls whose host is not known yet; null: the one above. Hosts have their own.',
    ),
  port: z
    .int()
    .min(0)
    .max(65535)
    .default(0)
    .describe(
      'Port of the Temporal we start, only where it can have no network of its own; 0 picks a free one.',
    ),
  ui_port: z.int().min(0).max(65535).default(0).describe('Port of its UI in that case; 0 picks a free one.'),
  ui_url: z
    .url()
    .nullable()
    .default(null)
    .describe('URL of the Temporal UI when the server is yours, for the api, which serves it; null: ours.'),
  tls: z.boolean().default(false).describe('Speak TLS to temporal.address.'),
  tls_server_name: z
    .string()
    .nullable()
    .default(null)
    .describe('Name expected in its certificate; null: from the address.'),
  tls_ca_file: z
    .string()
    .nullable()
    .default(null)
    .describe('PEM file of the authority that signed it; null: system.'),
  tls_cert_file: z.string().nullable().default(null).describe('PEM file of our client certificate.'),
  tls_key_file: z.string().nullable().default(null).describe('PEM file of its private key.'),
  api_key: z.string().nullable().default(null).describe('API key (Temporal Cloud).'),
  api_key_file: z.string().nullable().default(null).describe('File that holds that API key.'),
});

/** What a worker process does. */
export const WorkerSettings = z.strictObject({
  role: z
    .enum(['brain', 'hands', 'both'])
    .default('both')
    .describe('brain: workflows and model calls; hands: tools; both.'),
  max_concurrent_activities: z.int().positive().default(200).describe('Activities one worker runs at once.'),
  max_concurrent_workflow_tasks: z
    .int()
    .positive()
    .default(100)
    .describe('Workflow tasks one worker runs at once.'),
  max_cached_workflows: z.int().positive().default(500).describe('Workflows kept in memory between tasks.'),
  transcript_cache_mb: z.number().positive().default(256).describe('Memory for built transcripts.'),
  media_cache_mb: z
    .number()
    .positive()
    .default(128)
    .describe('Memory for images and documents that are ready for a model.'),
  drain_seconds: z
    .number()
    .min(0)
    .default(10)
    .describe('How long running activities may finish after SIGTERM.'),
  host_id: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Name of this machine, for its workers in reports; null: the host name.'),
});

/** Bounds of one session. */
export const SessionSettings = z.strictObject({
  history_budget: z
    .int()
    .min(50)
    .default(1000)
    .describe('History events after which a workflow continues as new.'),
  signal_budget: z
    .int()
    .min(10)
    .max(9000)
    .default(5000)
    .describe('Signals after which a workflow continues as new.'),
  max_unprocessed_events: z
    .int()
    .positive()
    .default(1000)
    .describe('Queued events a session holds; beyond: 429.'),
  parallel_tools: z.int().positive().default(64).describe('Tool uses of one response that run at once.'),
  max_steps_per_turn: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Model calls after which a turn pauses with a typed reason; null: no limit.'),
  max_repeated_calls: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Identical tool calls in a row after which a turn pauses; null: no limit.'),
  max_output_continuations: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .describe(
      'How often in a row a model is asked to go on with an answer that its output limit cut off, or that was empty; then the turn ends with an error that says so. 0: never.',
    ),
  failures_before_fallback: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Failures of a model in one step before the next of its fallback chain is asked.'),
  fallback_cool_down_seconds: z
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      'How long a worker begins turns with the next of the chain after it gave a model up; then one request tries it. 0: every turn asks its own model.',
    ),
});
