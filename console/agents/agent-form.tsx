import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useModels } from '../models/use-models.ts';
import { client } from '../service/client.ts';
import type { Agent } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextArea, TextField } from '../ui/text-field.tsx';
import { draftOf, NEW_AGENT, paramsOf, type AgentDraft } from './agent-draft.ts';
import { effortsOf } from './efforts-of.ts';
import { SkillPicker } from './skill-picker.tsx';
import { ToolSwitches } from './tool-switches.tsx';

interface Props {
  /** Null: a new one. */
  agent: Agent | null;
  onDone: () => void;
}

/**
 * Makes an agent, or a new version of one. What a person has changed stays when somebody else makes a version meanwhile; saving is refused
 * then, since it would take back what the other changed.
 */
export function AgentForm({ agent, onDone }: Props) {
  const [base, setBase] = useState(agent);
  const [draft, setDraft] = useState<AgentDraft>(agent === null ? NEW_AGENT : draftOf(agent));
  const models = useModels();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const model = draft.model === '' ? (models.data?.[0]?.id ?? '') : draft.model;
  const efforts = effortsOf(models.data?.find(({ id }) => id === model));
  const save = useMutation({
    mutationFn: async () => {
      const params = paramsOf({ ...draft, model }, base);
      return base === null
        ? client.beta.agents.create(params)
        : client.beta.agents.update(base.id, { ...params, version: base.version });
    },
    onSuccess: async (saved) => {
      setBase(saved);
      setDraft(draftOf(saved));
      queries.setQueryData(['agent', saved.id], saved);
      await queries.invalidateQueries({ queryKey: ['agents'] });
      onDone();
      if (agent === null) void navigate(`/agents/${saved.id}`);
    },
  });
  const change = (part: Partial<AgentDraft>) => {
    save.reset();
    setDraft((before) => ({ ...before, ...part }));
  };
  const isArchived = agent !== null && agent.archived_at !== null;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className="form-columns">
        <TextField
          label="Name"
          required
          maxLength={256}
          value={draft.name}
          onChange={(text) => change({ name: text })}
        />
        <div className="field">
          <span className="field-label">Model</span>
          <Choice
            label="Model"
            value={model}
            options={(models.data ?? []).map(({ id, display_name: label }) => ({
              value: id,
              label,
              hint: id,
            }))}
            onChange={(value) => change({ model: value, effort: '' })}
          />
        </div>
        {efforts.length > 0 && (
          <div className="field">
            <span className="field-label">Effort</span>
            <Choice
              label="Effort"
              value={draft.effort}
              options={[
                { value: '', label: 'As the model does' },
                ...efforts.map((effort) => ({ value: effort, label: effort })),
              ]}
              onChange={(effort) => change({ effort })}
            />
          </div>
        )}
      </div>
      <TextField
        label="Description"
        maxLength={2_048}
        value={draft.description}
        onChange={(text) => change({ description: text })}
      />
      <TextArea
        label="System prompt"
        rows={6}
        maxLength={100_000}
        value={draft.system}
        onChange={(text) => change({ system: text })}
      />
      <ToolSwitches tools={draft.tools} onChange={(tools) => change({ tools })} />
      <SkillPicker skills={draft.skills} onChange={(skills) => change({ skills })} />
      <details className="more-fields" open={draft.otherTools !== '' || draft.mcpServers !== ''}>
        <summary>Own tools and MCP servers</summary>
        <TextArea
          label="Other tools"
          hint="A JSON list of entries of type custom or mcp_toolset, as the API takes them."
          className="code-input"
          rows={5}
          spellCheck={false}
          value={draft.otherTools}
          onChange={(text) => change({ otherTools: text })}
        />
        <TextArea
          label="MCP servers"
          hint='A JSON list of entries such as {"type": "url", "name": …, "url": …}.'
          className="code-input"
          rows={3}
          spellCheck={false}
          value={draft.mcpServers}
          onChange={(text) => change({ mcpServers: text })}
        />
      </details>
      {(save.error ?? models.error) !== null && <Problem error={save.error ?? models.error} />}
      <div className="modal-actions">
        {save.isSuccess && <span role="status">Saved.</span>}
        <Button type="submit" look="primary" disabled={save.isPending || isArchived || model === ''}>
          {agent === null ? 'Create' : 'Save as a new version'}
        </Button>
      </div>
    </form>
  );
}
