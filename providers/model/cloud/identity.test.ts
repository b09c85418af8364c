import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { createEntraIdentity } from './entra-identity.ts';
import { createGoogleIdentity } from './google-identity.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-identity-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

it('says that a credentials file of Google is no JSON, instead of asking as nobody', async () => {
  const credentialsFile = path.join(folder, 'key.json');
  writeFileSync(credentialsFile, '{');
  await expect(createGoogleIdentity({ credentialsFile, through: 'gcp' }).headers()).rejects.toMatchObject({
    code: 'model_credentials_refused',
    message: expect.stringContaining('providers.gcp.credentials_file') as string,
  });
});

it('says which names of credentials Azure has, where another is set', async () => {
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'Nonsense');
  const identity = createEntraIdentity({ scope: 'scope/.default', clientId: null, through: 'work' });
  await expect(identity.headers()).rejects.toMatchObject({
    code: 'model_credentials_refused',
    message: expect.stringContaining('AZURE_TOKEN_CREDENTIALS') as string,
  });
});
