import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client } from '../service/client.ts';
import type { Environment } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextArea, TextField } from '../ui/text-field.tsx';
import { draftOf, MANAGERS, paramsOf, type EnvironmentDraft } from './environment-draft.ts';

interface Props {
  /** Null: a new one. */
  environment: Environment | null;
  onDone: () => void;
}

/** Makes or changes an environment. */
export function EnvironmentForm({ environment, onDone }: Props) {
  const [draft, setDraft] = useState<EnvironmentDraft>(draftOf(environment));
  const queries = useQueryClient();
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: () =>
      environment === null
        ? client.beta.environments.create(paramsOf(draft))
        : client.beta.environments.update(environment.id, paramsOf(draft)),
    onSuccess: async (saved) => {
      queries.setQueryData(['environment', saved.id], saved);
      await queries.invalidateQueries({ queryKey: ['environments'] });
      onDone();
      if (environment === null) void navigate(`/environments/${saved.id}`);
    },
  });
  const change = (part: Partial<EnvironmentDraft>) => {
    save.reset();
    setDraft((before) => ({ ...before, ...part }));
  };
  const isArchived = environment !== null && environment.archived_at !== null;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextField
        label="Name"
        required
        maxLength={256}
        value={draft.name}
        onChange={(text) => change({ name: text })}
      />
      <TextField
        label="Description"
        maxLength={2_048}
        value={draft.description}
        onChange={(text) => change({ description: text })}
      />
      <div className="field">
        <span className="field-label">Network</span>
        <Choice
          label="Network"
          value={draft.network}
          options={[
            { value: 'unrestricted', label: 'Open', hint: 'Everything public can be reached' },
            { value: 'limited', label: 'Limited', hint: 'Only the hosts named here' },
          ]}
          onChange={(network) => change({ network })}
        />
      </div>
      {draft.network === 'limited' && (
        <>
          <TextArea
            label="Allowed hosts"
            hint="One a line, such as api.example.com"
            className="code-input"
            rows={3}
            spellCheck={false}
            value={draft.hosts}
            onChange={(text) => change({ hosts: text })}
          />
          <label className="check">
            <input
              type="checkbox"
              checked={draft.mayReachPackageManagers}
              onChange={(event) => change({ mayReachPackageManagers: event.target.checked })}
            />
            Package registries too
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.mayReachMcpServers}
              onChange={(event) => change({ mayReachMcpServers: event.target.checked })}
            />
            The agent’s MCP servers too
          </label>
        </>
      )}
      <fieldset className="switches">
        <legend className="field-label">Packages, one a line</legend>
        <div className="form-columns">
          {MANAGERS.map((manager) => (
            <TextArea
              key={manager}
              label={manager}
              className="code-input"
              rows={2}
              spellCheck={false}
              value={draft.packages[manager]}
              onChange={(text) => change({ packages: { ...draft.packages, [manager]: text } })}
            />
          ))}
        </div>
      </fieldset>
      {save.error && <Problem error={save.error} />}
      <div className="modal-actions">
        {save.isSuccess && <span role="status">Saved.</span>}
        <Button type="submit" look="primary" disabled={save.isPending || isArchived}>
          {environment === null ? 'Create' : 'Save'}
        </Button>
      </div>
    </form>
  );
}
