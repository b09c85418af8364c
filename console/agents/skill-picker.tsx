import { useSkills } from '../skills/use-skills.ts';
import { Choice } from '../ui/choice.tsx';
import type { AgentDraft } from './agent-draft.ts';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  skills: AgentDraft['skills'];
  onChange: (skills: AgentDraft['skills']) => void;
}

/** Which skills the agent has: always the newest version, or a certain one. */
export function SkillPicker({ skills, onChange }: Props) {
  const all = useSkills();
  if (!all.data || all.data.length === 0) return null;
  return (
    <fieldset className="switches">
      <legend className="field-label">Skills</legend>
      <ul className="skill-picker">
        {all.data.map(({ id, display_name: name, source, latest_version_id: latest }) => {
          const chosen = skills[id];
          const versions = [...new Set(['latest', latest, chosen?.version ?? latest])];
          return (
            <li key={id}>
              <label className="check">
                <input
                  type="checkbox"
                  checked={chosen !== undefined}
                  onChange={(event) => {
                    const { [id]: _, ...others } = skills;
                    const type = source.type === 'custom' ? 'custom' : 'anthropic';
                    onChange(
                      event.target.checked ? { ...others, [id]: { type, version: 'latest' } } : others,
                    );
                  }}
                />
                <ShortText text={name} />
              </label>
              {chosen !== undefined && (
                <Choice
                  label={`Version of ${name}`}
                  value={chosen.version}
                  options={versions.map((version) => ({
                    value: version,
                    label: version === 'latest' ? 'Newest' : version,
                  }))}
                  onChange={(version) => onChange({ ...skills, [id]: { ...chosen, version } })}
                />
              )}
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
