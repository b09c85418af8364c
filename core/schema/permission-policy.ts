import { z } from 'zod';

/** Whether a tool call waits for a person. */
export const PermissionPolicy = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('always_allow') }),
    z.strictObject({ type: z.literal('always_ask') }),
    z.strictObject({ type: z.literal('auto') }),
  ])
  .meta({ id: 'PermissionPolicy' });
export type PermissionPolicy = z.infer<typeof PermissionPolicy>;

/** What a toolset, or one tool of it, may be configured with. */
export const ToolSwitches = {
  enabled: z.boolean().nullish(),
  permission_policy: PermissionPolicy.nullish(),
};

/** The same, resolved. */
export const ResolvedToolSwitches = { enabled: z.boolean(), permission_policy: PermissionPolicy };
