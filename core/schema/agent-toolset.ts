import type {
  BetaManagedAgentsAgentToolConfig,
  BetaManagedAgentsAgentToolset20260401,
} from '@anthropic-ai/sdk/resources/beta/agents/agents';
import { z } from 'zod';
import { ResolvedToolSwitches, ToolSwitches } from './permission-policy.ts';
import { HostDomains, SearchDomains } from './web-domains.ts';

/** The tools that need no settings of their own. */
const PLAIN_TOOLS = ['bash', 'edit', 'read', 'write', 'glob', 'grep'] as const;

/** The tools of `agent_toolset_20260401`. */
export const BUILT_IN_TOOLS = [...PLAIN_TOOLS, 'web_fetch', 'web_search'] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

const ToolReference = z.strictObject({
  type: z.literal('tool_reference'),
  name: z.string().min(1).max(128),
});
const ToolReferences = z
  .array(ToolReference)
  .min(1)
  .max(128)
  .refine((tools) => new Set(tools.map(({ name }) => name)).size === tools.length, 'names a tool twice');
const AllOrNone = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('all') }),
  z.strictObject({ type: z.literal('none') }),
]);
const ToolFilter = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('all') }),
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('only'), tools: ToolReferences }),
  z.strictObject({ type: z.literal('except'), tools: ToolReferences }),
]);
const Shorthand = z.enum(['all', 'none']);

const UrlSourcesParams = z.strictObject({
  client_tool_results: z.union([Shorthand, ToolFilter]).nullish(),
  server_tool_results: z.union([Shorthand, ToolFilter]).nullish(),
  user_input: z.union([Shorthand, AllOrNone]).nullish(),
});

const UserLocation = z.strictObject({
  type: z.literal('approximate'),
  city: z.string().min(1).max(255).nullish(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'expected a two-letter country code in upper case')
    .nullish(),
  region: z.string().min(1).max(255).nullish(),
  timezone: z.string().min(1).max(255).nullish(),
});

const oneDomainList = (value: { allowed_domains?: unknown; blocked_domains?: unknown }): boolean =>
  value.allowed_domains === undefined || value.blocked_domains === undefined;
const ONE_DOMAIN_LIST = 'allowed_domains and blocked_domains exclude each other';

const plainParams = <Name extends (typeof PLAIN_TOOLS)[number]>(name: Name) =>
  z.strictObject({ name: z.literal(name), type: z.literal(name).optional(), ...ToolSwitches });

const WebFetchParams = z
  .strictObject({
    name: z.literal('web_fetch'),
    type: z.literal('web_fetch').optional(),
    ...ToolSwitches,
    allowed_domains: HostDomains.optional(),
    blocked_domains: HostDomains.optional(),
    max_content_tokens: z.int().min(1).nullish(),
    url_sources: UrlSourcesParams.nullish(),
  })
  .refine(oneDomainList, ONE_DOMAIN_LIST);

const WebSearchParams = z
  .strictObject({
    name: z.literal('web_search'),
    type: z.literal('web_search').optional(),
    ...ToolSwitches,
    allowed_domains: SearchDomains.optional(),
    blocked_domains: SearchDomains.optional(),
    user_location: UserLocation.nullish(),
  })
  .refine(oneDomainList, ONE_DOMAIN_LIST);

const ToolConfigParams = z.discriminatedUnion('name', [
  plainParams('bash'),
  plainParams('edit'),
  plainParams('read'),
  plainParams('write'),
  plainParams('glob'),
  plainParams('grep'),
  WebFetchParams,
  WebSearchParams,
]);
export type ToolConfigParams = z.infer<typeof ToolConfigParams>;

/** What clients send for the built-in tools. */
export const AgentToolsetParams = z
  .strictObject({
    type: z.literal('agent_toolset_20260401'),
    default_config: z.strictObject(ToolSwitches).nullish(),
    configs: z
      .array(ToolConfigParams)
      .refine(
        (configs) => new Set(configs.map(({ name }) => name)).size === configs.length,
        'configures a tool twice',
      )
      .optional(),
  })
  .meta({ id: 'AgentToolsetParams' });
export type AgentToolsetParams = z.infer<typeof AgentToolsetParams>;

const plainConfig = <Name extends (typeof PLAIN_TOOLS)[number]>(name: Name) =>
  z.object({ name: z.literal(name), type: z.literal(name), ...ResolvedToolSwitches });

const ToolConfig = z.discriminatedUnion('name', [
  plainConfig('bash'),
  plainConfig('edit'),
  plainConfig('read'),
  plainConfig('write'),
  plainConfig('glob'),
  plainConfig('grep'),
  z.object({
    name: z.literal('web_fetch'),
    type: z.literal('web_fetch'),
    ...ResolvedToolSwitches,
    allowed_domains: z.array(z.string()).exactOptional(),
    blocked_domains: z.array(z.string()).exactOptional(),
    max_content_tokens: z.number().nullable().exactOptional(),
    url_sources: z
      .object({
        client_tool_results: ToolFilter.nullable(),
        server_tool_results: ToolFilter.nullable(),
        user_input: AllOrNone.nullable(),
      })
      .nullable(),
  }),
  z.object({
    name: z.literal('web_search'),
    type: z.literal('web_search'),
    ...ResolvedToolSwitches,
    allowed_domains: z.array(z.string()).exactOptional(),
    blocked_domains: z.array(z.string()).exactOptional(),
    user_location: z
      .object({
        type: z.literal('approximate'),
        city: z.string().nullable().exactOptional(),
        country: z.string().nullable().exactOptional(),
        region: z.string().nullable().exactOptional(),
        timezone: z.string().nullable().exactOptional(),
      })
      .nullable()
      .exactOptional(),
  }),
]) satisfies z.ZodType<BetaManagedAgentsAgentToolConfig>;

/** The built-in tools, resolved. */
export const AgentToolset = z
  .object({
    type: z.literal('agent_toolset_20260401'),
    default_config: z.object(ResolvedToolSwitches),
    configs: z.array(ToolConfig),
  })
  .meta({ id: 'AgentToolset' }) satisfies z.ZodType<BetaManagedAgentsAgentToolset20260401>;
