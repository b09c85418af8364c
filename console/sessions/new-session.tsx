import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useAgents } from '../agents/use-agents.ts';
import { useEnvironments } from '../environments/use-environments.ts';
import { Button } from '../ui/button.tsx';
import { Choice, type Option } from '../ui/choice.tsx';
import { Loading } from '../ui/loading.tsx';
import { Modal } from '../ui/modal.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextArea, TextField } from '../ui/text-field.tsx';
import { firstMessage } from './first-message.ts';
import { startSession } from './start-session.ts';

interface Props {
  isOpen: boolean;
  onClose: () => void;
  /** The agent that the list shows; empty: none in particular. */
  agentId: string;
}

/** Starts a session. Everything is filled in: with the choices of the last time, or with the newest. */
export function NewSession({ isOpen, onClose, agentId }: Props) {
  return (
    <Modal isOpen={isOpen} onClose={onClose} title="New session">
      <NewSessionForm agentId={agentId} />
    </Modal>
  );
}

function NewSessionForm({ agentId }: { agentId: string }) {
  const agents = useAgents();
  const environments = useEnvironments();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [chosenAgent, setChosenAgent] = useState(agentId === '' ? remembered('agent') : agentId);
  const [chosenEnvironment, setChosenEnvironment] = useState(remembered('environment'));
  const [title, setTitle] = useState('');
  const [message, setMessage] = useState('');
  const [budget, setBudget] = useState('');
  const start = useMutation({
    mutationFn: startSession,
    onSuccess: async (session) => {
      localStorage.setItem('last-agent', session.agent.id);
      localStorage.setItem('last-environment', session.environment_id);
      await Promise.all(
        ['sessions', 'agents', 'environments'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      );
      void navigate(`/sessions/${session.id}`, { state: firstMessage(message) });
    },
  });

  if (agents.isPending || environments.isPending) return <Loading />;
  const problem = agents.error ?? environments.error ?? start.error;
  const agentOptions = optionsOf(agents.data ?? [], 'A first agent is made', ({ model }) => model.id);
  const environmentOptions = optionsOf(environments.data ?? [], 'A first environment is made', () => '');
  const agent = valueIn(agentOptions, chosenAgent);
  const environment = valueIn(environmentOptions, chosenEnvironment);

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate({ agentId: agent, environmentId: environment, title, message, budget });
      }}
    >
      <div className="form-columns">
        <div className="field">
          <span className="field-label">Agent</span>
          <Choice label="Agent" value={agent} options={agentOptions} onChange={setChosenAgent} />
        </div>
        <div className="field">
          <span className="field-label">Environment</span>
          <Choice
            label="Environment"
            value={environment}
            options={environmentOptions}
            onChange={setChosenEnvironment}
          />
        </div>
      </div>
      <TextArea
        label="First message"
        hint="Optional: you can also write when the session is open."
        rows={4}
        value={message}
        onChange={setMessage}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
            event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="form-columns">
        <TextField
          label="Title"
          maxLength={1_024}
          placeholder="From the first message"
          value={title}
          onChange={setTitle}
        />
        <TextField
          label="Budget in dollars"
          inputMode="decimal"
          placeholder="None"
          value={budget}
          onChange={setBudget}
        />
      </div>
      {problem !== null && <Problem error={problem} />}
      <div className="modal-actions">
        <Button type="submit" look="primary" disabled={start.isPending}>
          {start.isPending ? 'Starting …' : 'Start'}
        </Button>
      </div>
    </form>
  );
}

function remembered(name: 'agent' | 'environment'): string {
  return localStorage.getItem(`last-${name}`) ?? '';
}

function optionsOf<Item extends { id: string; name: string }>(
  items: readonly Item[],
  none: string,
  hintOf: (item: Item) => string,
): Option<string>[] {
  if (items.length === 0) return [{ value: '', label: none }];
  return items.map((item) => ({ value: item.id, label: item.name, hint: hintOf(item) || item.id }));
}

function valueIn(options: readonly Option<string>[], wanted: string): string {
  return options.find(({ value }) => value === wanted)?.value ?? options[0]?.value ?? '';
}
