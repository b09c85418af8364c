import { gcpMetadata, GoogleAuth } from 'google-auth-library';
import { outboundFetch } from '../../network/outbound-fetch.ts';
import { createIdentity, type Identity } from './identity.ts';

/** Who may ask all of Google Cloud that the account may ask. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Asks as a service account, a federated identity or whoever else Google's application default credentials stand for.
 *
 * @param options.through - the name of the connection, for messages.
 */
export function createGoogleIdentity(options: { credentialsFile: string | null; through: string }): Identity {
  const { credentialsFile: file, through } = options;
  return createIdentity({
    advice:
      'Grant its account the role Vertex AI User (roles/aiplatform.user) in the project, and see that the Vertex AI API is enabled and the model is offered at the location.',
    make() {
      const auth = new GoogleAuth({
        scopes: SCOPE,
        ...(file === null ? {} : { keyFilename: file }),
        clientOptions: { transporterOptions: { fetchImplementation: outboundFetch() } },
      });
      return async () => {
        shareTransport(await auth.getClient());
        const headers = await auth.getRequestHeaders();
        // The package takes a file that is no JSON for a key of an older form, and shows nothing.
        if (!headers.has('authorization'))
          throw new Error('no token came of the credentials; is their file JSON?');
        return Object.fromEntries(headers);
      };
    },
    trouble: (hadToken) => ({
      vendor: 'Vertex AI',
      advice:
        file === null
          ? `Give the machine a service account, sign in with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS or providers.${through}.credentials_file.`
          : `Check the file of providers.${through}.credentials_file, and that its account is still there.`,
      isKnownToBeThere: file === null && (hadToken || isOnGoogleCloud()),
    }),
  });
}

/**
 * Gives the transport of a client to those within it: the package itself gives it neither to whoever exchanges the tokens of a federated
 * identity nor to the account behind an impersonated one, which would then know of no proxy and of no authority.
 */
function shareTransport(client: object): void {
  for (const name of ['stsCredential', 'sourceClient', 'authClient']) {
    const inner: unknown = Reflect.get(client, name);
    if (typeof inner !== 'object' || inner === null || !('transporter' in inner)) continue;
    inner.transporter = Reflect.get(client, 'transporter');
    shareTransport(inner);
  }
}

/** Whether there must be a metadata server, which says who the machine is. */
function isOnGoogleCloud(): boolean {
  const { GCE_METADATA_HOST: host, GCE_METADATA_IP: address } = process.env;
  return Boolean(host) || Boolean(address) || gcpMetadata.getGCPResidency();
}
