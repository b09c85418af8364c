import type { Agent as ShownAgent } from '../agent/agent-types.ts';
import { z } from 'zod';
import { AgentToolset, AgentToolsetParams } from './agent-toolset.ts';
import {
  BrowserToolset,
  BrowserToolsetParams,
  CodeToolset,
  CodeToolsetParams,
  SandboxMcpToolset,
  SandboxMcpToolsetParams,
} from './extra-toolsets.ts';
import { CustomTool } from './custom-tool.ts';
import { McpServer, McpToolset, McpToolsetParams } from './mcp.ts';
import { Metadata, MetadataPatch } from './metadata.ts';
import { ModelConfig, ModelParams } from './model-config.ts';
import { pageQuery } from './page.ts';
import { QueryBoolean, queryInteger } from './query.ts';
import { TimeFilter, Timestamp } from './time.ts';

/** Tools at most, over all toolsets. */
export const MAX_TOOLS = 256;

export const ToolParams = z.discriminatedUnion('type', [
  AgentToolsetParams,
  BrowserToolsetParams,
  CodeToolsetParams,
  SandboxMcpToolsetParams,
  McpToolsetParams,
  CustomTool,
]);
export type ToolParams = z.infer<typeof ToolParams>;
export const ToolList = z.array(ToolParams).max(MAX_TOOLS);

export const McpServerList = z
  .array(McpServer)
  .max(20)
  .superRefine((servers, context) => {
    const seen = new Set<string>();
    for (const [index, { name }] of servers.entries()) {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [index, 'name'], message: 'is there twice' });
      seen.add(name);
    }
  });

export const SkillParams = z.strictObject({
  type: z.enum(['anthropic', 'custom']),
  skill_id: z.string().min(1).max(256),
  version: z.string().min(1).max(256).nullish(),
});
export const SkillList = z.array(SkillParams).max(500);
export const SystemPrompt = z.string().max(100_000);

const Multiagent = z.looseObject({ type: z.enum(['coordinator', 'multiagent_20261001']) });
const ExecutionIdentity = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('service_account') }),
  z.strictObject({ type: z.literal('aws_role'), role_arn: z.string().min(1).max(2_048) }),
]);

const Name = z.string().min(1).max(256);
const Description = z.string().max(2_048);

/** Body of `POST /v1/agents`. */
export const AgentCreate = z
  .strictObject({
    model: ModelParams,
    name: Name,
    description: Description.nullish(),
    system: SystemPrompt.nullish(),
    tools: ToolList.optional(),
    mcp_servers: McpServerList.optional(),
    skills: SkillList.optional(),
    multiagent: Multiagent.nullish(),
    execution_identity: ExecutionIdentity.nullish(),
    metadata: Metadata.optional(),
  })
  .meta({ id: 'AgentCreate' });
export type AgentCreate = z.infer<typeof AgentCreate>;

/** Body of `POST /v1/agents/{agent_id}`: what is left out stays. */
export const AgentUpdate = z
  .strictObject({
    version: z.int().min(1).optional(),
    model: ModelParams.optional(),
    name: Name.optional(),
    description: Description.nullish(),
    system: SystemPrompt.nullish(),
    tools: ToolList.nullish(),
    mcp_servers: McpServerList.nullish(),
    skills: SkillList.nullish(),
    multiagent: Multiagent.nullish(),
    execution_identity: ExecutionIdentity.nullish(),
    metadata: MetadataPatch.nullish(),
  })
  .meta({ id: 'AgentUpdate' });
export type AgentUpdate = z.infer<typeof AgentUpdate>;

export const AgentQuery = z.object({ version: queryInteger(1, 2_147_483_647).optional() });

export const AgentListQuery = z.object({
  ...pageQuery(20, 100),
  include_archived: QueryBoolean.optional(),
  'created_at[gte]': TimeFilter.optional(),
  'created_at[lte]': TimeFilter.optional(),
});

export const AgentVersionListQuery = z.object(pageQuery(20, 100));

/** What an agent and a session's copy of one share. */
export const AgentDefinition = {
  type: z.literal('agent'),
  id: z.string(),
  version: z.int(),
  name: z.string(),
  description: z.string().nullable(),
  system: z.string().nullable(),
  model: ModelConfig,
  tools: z.array(
    z.discriminatedUnion('type', [
      AgentToolset,
      BrowserToolset,
      CodeToolset,
      SandboxMcpToolset,
      McpToolset,
      z.object({
        type: z.literal('custom'),
        name: z.string(),
        description: z.string(),
        input_schema: z.looseObject({ type: z.literal('object') }),
      }),
    ]),
  ),
  mcp_servers: z.array(McpServer),
  skills: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('anthropic'), skill_id: z.string(), version: z.string() }),
      z.object({ type: z.literal('custom'), skill_id: z.string(), version: z.string() }),
    ]),
  ),
  execution_identity: ExecutionIdentity,
};

/** An agent as the API shows it. */
export const Agent = z
  .object({
    ...AgentDefinition,
    multiagent: z.null(),
    metadata: Metadata,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Timestamp.nullable(),
  })
  .meta({ id: 'Agent' }) satisfies z.ZodType<ShownAgent>;
