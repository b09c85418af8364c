import { client } from '../service/client.ts';

/** A browser that is signed in with the same API key. */
export interface SignIn {
  id: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  address: string | null;
  client: string | null;
  /** Whether it is this browser. */
  current: boolean;
}

export async function listSignIns(): Promise<SignIn[]> {
  return (await client.get<{ data: SignIn[] }>('/console/sign-ins')).data;
}

export async function endSignIn(id: string): Promise<void> {
  await client.delete(`/console/sign-ins/${encodeURIComponent(id)}`);
}
