import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { AgentTools } from '../../core/session/permission.ts';
import { systemPrompt } from '../../core/session/system-prompt.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import { skillsSection } from '../../core/skills/skills-section.ts';
import type { ToolDefinition } from '../../providers/model/model-provider.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';

/** What goes along with every request of a session: it stands before the conversation in the vendor's cache. */
export interface SessionPrompt {
  system: string;
  tools: ToolDefinition[];
}

/** The same setup and skills always give the same bytes. */
export function sessionPrompt(
  deps: Pick<ActivityDependencies, 'describeTools'>,
  setup: SessionSetup,
  entry: ModelEntry,
  pins: readonly SkillPin[],
): SessionPrompt {
  const { agent } = setup;
  const tools = entry.tools ? toolsOf(deps, agent.tools) : [];
  // Without the read tool no model could read what the section tells of.
  const skills = tools.some(({ name }) => name === 'read') ? sectionOf(pins) : '';
  const system = [systemPrompt(agent.system, tools), skills].filter((part) => part !== '').join('\n\n');
  return { system, tools };
}

/** Sections by the versions they tell of, since the sessions of one agent mostly pin the same. */
const sections = new Map<string, string>();
const MAX_SECTIONS = 100;

function sectionOf(pins: readonly SkillPin[]): string {
  // Whatever a section is made from belongs to the version.
  const versions = pins.map(({ versionId }) => versionId).join(' ');
  const section = sections.get(versions) ?? skillsSection(pins);
  sections.delete(versions);
  sections.set(versions, section);
  const [oldest] = sections.keys();
  if (sections.size > MAX_SECTIONS && oldest !== undefined) sections.delete(oldest);
  return section;
}

function toolsOf(deps: Pick<ActivityDependencies, 'describeTools'>, tools: AgentTools): ToolDefinition[] {
  const custom = tools.flatMap((tool): ToolDefinition[] => {
    if (tool.type !== 'custom') return [];
    const { name, description, input_schema } = tool;
    return [{ name, description, input_schema: { ...input_schema } as ToolDefinition['input_schema'] }];
  });
  return [...deps.describeTools(tools), ...custom];
}
