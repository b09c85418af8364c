import { useMutation, useQuery } from '@tanstack/react-query';
import { KeyRound, LogOut } from 'lucide-react';
import { useState } from 'react';
import { CONSOLE_SESSION, queryClient } from '../app/query-client.ts';
import { age, ago, fullTime } from '../format/age.ts';
import { Revealed } from '../text/revealed.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/empty.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { Loading } from '../ui/loading.tsx';
import { useNow } from '../ui/now.ts';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { endSignIn, listSignIns, type SignIn } from './sign-ins.ts';

/** Where the same API key is signed in, and the way to end it there. */
export function SignInsPage() {
  const [asked, setAsked] = useState<SignIn | null>(null);
  const now = useNow();
  const signIns = useQuery({ queryKey: ['sign-ins'], queryFn: listSignIns });
  const end = useMutation({
    mutationFn: endSignIn,
    // This browser may be the one that was ended.
    onSettled: () =>
      Promise.all([queryClient.invalidateQueries({ queryKey: CONSOLE_SESSION }), signIns.refetch()]),
  });
  const problem = signIns.error ?? end.error;
  return (
    <Page title="Sign-ins">
      <p className="page-note">
        Browsers that are signed in with the same API key. One that is ended is asked for a key again; what it
        has open breaks off within seconds. All of them end when the key is taken out of the service’s
        settings.
      </p>
      {problem && <Problem error={problem} />}
      {signIns.isPending && <Loading />}
      {signIns.data?.length === 0 && <Empty icon={KeyRound} title="No browser is signed in." />}
      {signIns.data && signIns.data.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Browser</th>
              <th scope="col" className="cell-wide">
                Address
              </th>
              <th scope="col" className="cell-number">
                Used
              </th>
              <th scope="col" className="cell-number">
                Age
              </th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {signIns.data.map((signIn) => (
              <tr key={signIn.id} className="row">
                <td className="cell-main">
                  <span>
                    <Revealed text={signIn.client ?? 'Unknown'} />
                  </span>
                  <span className="cell-sub">{signIn.current ? 'This browser' : signIn.id}</span>
                </td>
                <td className="cell-wide">
                  <Revealed text={signIn.address ?? '–'} />
                </td>
                <td className="cell-number" title={fullTime(signIn.last_used_at)}>
                  {ago(signIn.last_used_at, now)}
                </td>
                <td className="cell-number" title={`Until ${fullTime(signIn.expires_at)}`}>
                  {age(signIn.created_at, now)}
                </td>
                <td className="cell-actions">
                  <IconButton
                    icon={LogOut}
                    label={signIn.current ? 'End this sign-in' : `End sign-in ${signIn.id}`}
                    onClick={() => setAsked(signIn)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Confirm
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        title={asked?.current ? 'Sign out here?' : 'End this sign-in?'}
        description="The browser has to sign in again with an API key."
        action={asked?.current ? 'Sign out' : 'End'}
        onConfirm={() => end.mutate(asked?.id ?? '')}
      />
    </Page>
  );
}
