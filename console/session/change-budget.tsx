import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { cost } from '../format/cost.ts';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextField } from '../ui/text-field.tsx';
import { budgetOf } from './budget.ts';

/** Raises a session's budget, or takes it away. What was paused by it goes on by itself. */
export function ChangeBudget({ session, onDone }: { session: Session; onDone: () => void }) {
  const cents = Number(session.budget?.max_list_cost.amount ?? 0);
  const [dollars, setDollars] = useState((cents / 100).toFixed(2));
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: async () => client.beta.sessions.update(session.id, { budget: budgetOf(dollars) ?? null }),
    onSuccess: (changed) => {
      queries.setQueryData(['session', session.id], changed);
      onDone();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <TextField
        label="Budget in dollars"
        hint={`Used so far: ${cost(session.usage.list_cost) ?? 'unknown'}. Empty: no budget any more, for good.`}
        inputMode="decimal"
        value={dollars}
        onChange={setDollars}
      />
      {change.error && <Problem error={change.error} />}
      <div className="modal-actions">
        <Button type="submit" look="primary" disabled={change.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
