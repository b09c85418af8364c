import { DefaultAzureCredential, getBearerTokenProvider } from '@azure/identity';
import { createEntraHttp } from './entra-http.ts';
import { createIdentity, type Identity } from './identity.ts';

/**
 * Asks as a managed identity, a workload identity, an application of Entra or whoever else Azure's default credential stands for.
 *
 * @param options.through - the name of the connection, for messages.
 */
export function createEntraIdentity(options: {
  scope: string;
  clientId: string | null;
  through: string;
}): Identity {
  const { scope, clientId, through } = options;
  return createIdentity({
    advice:
      'Grant it the role Cognitive Services User (or Azure AI User) on the resource; a new grant takes some minutes to hold.',
    make() {
      const credential = new DefaultAzureCredential({
        httpClient: createEntraHttp(),
        ...(clientId === null ? {} : { managedIdentityClientId: clientId }),
      });
      const token = getBearerTokenProvider(credential, scope);
      return async () => ({ authorization: `Bearer ${await token()}` });
    },
    trouble: (hadToken) => ({
      vendor: 'Azure',
      advice: `Give the machine a managed identity (with providers.${through}.client_id where it has several), set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or set providers.${through}.api_key.`,
      isKnownToBeThere: hadToken,
    }),
  });
}
