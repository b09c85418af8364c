import { Choice, type Option } from '../ui/choice.tsx';
import type { AgentDraft, ToolSwitch } from './agent-draft.ts';
import { TOOLSETS } from './toolset-names.ts';

const SWITCHES: Option<ToolSwitch>[] = [
  { value: 'off', label: 'Off' },
  { value: 'always_allow', label: 'Allow' },
  { value: 'always_ask', label: 'Ask first' },
  { value: 'auto', label: 'Auto' },
];
const ALL: Option<ToolSwitch | 'mixed'>[] = [{ value: 'mixed', label: 'Mixed' }, ...SWITCHES];

interface Props {
  tools: AgentDraft['tools'];
  onChange: (tools: AgentDraft['tools']) => void;
}

/** Which tools the agent has, and which of them wait for a person each time. */
export function ToolSwitches({ tools, onChange }: Props) {
  return (
    <fieldset className="switches">
      <legend className="field-label">Tools</legend>
      {TOOLSETS.map(({ type, label, tools: names }) => {
        const states = new Set(names.map((name) => tools[name] ?? 'off'));
        const [common = 'off'] = states;
        return (
          <details key={type} className="toolset">
            <summary>
              <span>{label}</span>
              <span className="quiet">
                {names.filter((name) => tools[name] !== 'off').length} of {names.length}
              </span>
            </summary>
            <div className="toolset-all">
              <span>All of them</span>
              <Choice
                label={`All of ${label}`}
                value={states.size === 1 ? common : 'mixed'}
                options={states.size === 1 ? SWITCHES : ALL}
                onChange={(value) => {
                  if (value === 'mixed') return;
                  onChange({ ...tools, ...Object.fromEntries(names.map((name) => [name, value])) });
                }}
              />
            </div>
            <ul>
              {names.map((name) => (
                <li key={name}>
                  <code>{name}</code>
                  <Choice
                    label={name}
                    value={tools[name] ?? 'off'}
                    options={SWITCHES}
                    onChange={(value) => onChange({ ...tools, [name]: value })}
                  />
                </li>
              ))}
            </ul>
          </details>
        );
      })}
    </fieldset>
  );
}
