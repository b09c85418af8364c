import { useState } from 'react';
import { signIn } from '../service/console-session.ts';
import { Button } from '../ui/button.tsx';
import { usePageTitle } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextField } from '../ui/text-field.tsx';
import { changeUser } from './query-client.ts';

/** Asks for an API key. */
export function SignIn() {
  usePageTitle('Sign in');
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);

  async function submit(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      changeUser(await signIn(key));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>Managed Agent</h1>
        <TextField
          label="API key"
          hint="It is not kept. A sign-in of this browser stands for it, which you can end at any time."
          type="password"
          autoComplete="current-password"
          required
          value={key}
          onChange={setKey}
        />
        {problem !== null && <Problem error={problem} />}
        <Button type="submit" look="primary" disabled={isBusy || key.trim() === ''}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
