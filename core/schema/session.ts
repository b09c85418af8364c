import type { ShownSession } from '../agent/agent-types.ts';
import { z } from 'zod';
import { AgentDefinition, McpServerList, SkillList, SystemPrompt, ToolList } from './agent.ts';
import { InitialEvents } from './client-event.ts';
import { Reference } from './ids.ts';
import { Metadata, MetadataPatch } from './metadata.ts';
import { ModelParams } from './model-config.ts';
import { pageQuery } from './page.ts';
import { queryInteger, queryList, QueryBoolean } from './query.ts';
import { MAX_RESOURCES, ResourceParams, SessionResource } from './session-resource.ts';
import { TimeFilter, Timestamp } from './time.ts';

const Title = z.string().max(1_024);
const Version = z.int().min(1);

export const Budget = z
  .strictObject({
    type: z.literal('limit'),
    max_list_cost: z.strictObject({
      amount: z.string().regex(/^[1-9]\d{0,14}$/, 'expected whole cents as a string, such as "2500"'),
      currency: z.literal('USD'),
    }),
  })
  .meta({ id: 'Budget' });

const ModelOverride = ModelParams.nullish().superRefine((model, context) => {
  if (model !== null) return;
  context.addIssue({
    code: 'custom',
    message: 'agent_model_required: a session needs a model; leave the field out for the agent’s own',
    params: { error_code: 'agent_model_required' },
  });
});

const AgentWithOverrides = z.strictObject({
  type: z.literal('agent_with_overrides'),
  id: Reference,
  version: Version.optional(),
  model: ModelOverride,
  system: SystemPrompt.nullish(),
  tools: ToolList.nullish(),
  mcp_servers: McpServerList.nullish(),
  skills: SkillList.nullish(),
});

const AgentParams = z.union([
  Reference,
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('agent'), id: Reference, version: Version.optional() }),
    AgentWithOverrides,
  ]),
]);
export type AgentParams = z.infer<typeof AgentParams>;

/** Body of `POST /v1/sessions`. */
export const SessionCreate = z
  .strictObject({
    agent: AgentParams,
    environment_id: Reference,
    title: Title.nullish(),
    metadata: Metadata.optional(),
    resources: z.array(ResourceParams).max(MAX_RESOURCES).optional(),
    vault_ids: z.array(Reference).max(50).optional(),
    initial_events: InitialEvents.optional(),
    budget: Budget.optional(),
  })
  .meta({ id: 'SessionCreate' });
export type SessionCreate = z.infer<typeof SessionCreate>;

/** Body of `POST /v1/sessions/{session_id}`: what is left out stays. */
export const SessionUpdate = z
  .strictObject({
    title: Title.nullish(),
    metadata: MetadataPatch.nullish(),
    agent: z
      .strictObject({
        model: ModelParams.optional(),
        tools: ToolList.nullish(),
        mcp_servers: McpServerList.nullish(),
      })
      .optional(),
    budget: Budget.nullish(),
    vault_ids: z.never('cannot be changed').optional(),
  })
  .meta({ id: 'SessionUpdate' });
export type SessionUpdate = z.infer<typeof SessionUpdate>;

export const SESSION_STATUSES = ['idle', 'running', 'rescheduling', 'terminated'] as const;
const Status = z.enum(SESSION_STATUSES);

export const SessionListQuery = z
  .object({
    ...pageQuery(20, 100),
    statuses: queryList(Status, 4).optional(),
    agent_id: Reference.optional(),
    agent_version: queryInteger(1, 2_147_483_647).optional(),
    deployment_id: Reference.optional(),
    memory_store_id: Reference.optional(),
    include_archived: QueryBoolean.optional(),
    order: z.enum(['asc', 'desc']).default('desc'),
    'created_at[gt]': TimeFilter.optional(),
    'created_at[gte]': TimeFilter.optional(),
    'created_at[lt]': TimeFilter.optional(),
    'created_at[lte]': TimeFilter.optional(),
  })
  .refine(({ agent_id: id, agent_version: version }) => version === undefined || id !== undefined, {
    path: ['agent_version'],
    message: 'needs agent_id beside it',
  });
export type SessionListQuery = z.infer<typeof SessionListQuery>;

const Cost = z.object({ amount: z.string(), currency: z.literal('USD') });
/** What a session or a thread has used. */
export const Usage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  cache_read_input_tokens: z.int(),
  cache_creation: z.object({
    ephemeral_5m_input_tokens: z.int(),
    ephemeral_1h_input_tokens: z.int(),
  }),
  active_seconds: z.number(),
  list_cost: Cost.nullable(),
});

/** A session as the API shows it. */
export const Session = z
  .object({
    id: z.string(),
    type: z.literal('session'),
    status: Status,
    agent: z.object({ ...AgentDefinition, multiagent: z.null() }),
    environment_id: z.string(),
    title: z.string().nullable(),
    metadata: Metadata,
    resources: z.array(SessionResource),
    vault_ids: z.array(z.string()),
    usage: Usage,
    stats: z.object({ active_seconds: z.number(), duration_seconds: z.number() }),
    outcome_evaluations: z.tuple([]),
    budget: Budget.nullable(),
    deployment_id: z.null(),
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Timestamp.nullable(),
  })
  .meta({ id: 'Session' }) satisfies z.ZodType<ShownSession>;

export const SessionDeleted = z.object({ id: z.string(), type: z.literal('session_deleted') });
