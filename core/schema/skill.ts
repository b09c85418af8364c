import type { BetaSkill } from '@anthropic-ai/sdk/resources/beta/skills/skills';
import type { BetaSkillVersion } from '@anthropic-ai/sdk/resources/beta/skills/versions';
import { z } from 'zod';
import { ID_PREFIXES, isId } from '../ids.ts';
import { SKILL_LIMITS } from '../skills/skill-limits.ts';
import { pageQuery } from './page.ts';
import { Timestamp } from './time.ts';

const BUILT_IN = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** The id of an uploaded skill, or the name of a built-in one. */
export const SkillId = z
  .string()
  .max(80)
  .refine((value) => isId('skill', value) || BUILT_IN.test(value), 'is not the id of a skill')
  .meta({ examples: [`${ID_PREFIXES.skill}_01k2ab3cd4ef5gh6jk7mn8pq9r`, 'pdf'] });

/** The id of a version, or `latest`. */
export const SkillVersionId = z
  .string()
  .max(80)
  .refine((value) => value === 'latest' || isId('skillVersion', value), 'is not the id of a version')
  .meta({ examples: ['latest', `${ID_PREFIXES.skillVersion}_01k2ab3cd4ef5gh6jk7mn8pq9r`] });

const Files = z
  .array(z.string().meta({ format: 'binary' }))
  .meta({ description: 'The files, each with its path as file name; or one zip, tar or tar.gz archive.' });

/** The form of `POST /v1/skills`. */
export const SkillUpload = z.object({ 'files[]': Files, display_name: z.string().optional() });

/** The form of `POST /v1/skills/{skill_id}/versions`. */
export const SkillVersionUpload = z.object({ 'files[]': Files });

/** What people see. */
export const DisplayName = z
  .string()
  .min(1)
  .max(SKILL_LIMITS.displayName)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, 'must be one line without control characters')
  .refine((value) => value.isWellFormed(), 'is not valid Unicode');

export const SkillListQuery = z.object({
  ...pageQuery(20, 100),
  source: z.enum(['custom', 'anthropic', '']).optional(),
});

export const SkillVersionListQuery = z.object(pageQuery(20, 100));

/** A skill as the API shows it. `anthropic` are the built-in ones: shared and read-only. */
export const Skill = z
  .object({
    id: z.string(),
    type: z.literal('skill'),
    display_name: z.string(),
    latest_version_id: z.string(),
    source: z.object({ type: z.enum(['custom', 'anthropic']) }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Skill' }) satisfies z.ZodType<BetaSkill>;

/** A version of a skill as the API shows it. */
export const SkillVersion = z
  .object({
    id: z.string(),
    type: z.literal('skill_version'),
    skill_id: z.string(),
    name: z.string(),
    description: z.string(),
    created_at: Timestamp,
    content_hash: z.string().meta({ description: 'SHA-256 over paths, execute bits and contents.' }),
  })
  .meta({ id: 'SkillVersion' }) satisfies z.ZodType<BetaSkillVersion>;

export const SkillDeleted = z.object({ id: z.string(), type: z.literal('skill_deleted') });
export const SkillVersionDeleted = z.object({ id: z.string(), type: z.literal('skill_version_deleted') });
