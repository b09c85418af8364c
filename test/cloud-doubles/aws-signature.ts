import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { CloudRequest } from './cloud-front.ts';

export interface AwsAccount {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  service: string;
}

/** What is wrong with the signature of a request; null: it is the one that AWS's own signer makes of the same request and secret. */
export async function signatureProblem(request: CloudRequest, account: AwsAccount): Promise<string | null> {
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers['authorization'] ?? '',
  );
  if (given === null) return 'MissingAuthenticationToken';
  const [, scope = '', signed = '', signature] = given;
  const date = request.headers['x-amz-date'] ?? '';
  const expected = `${account.accessKeyId}/${date.slice(0, 8)}/${account.region}/${account.service}/aws4_request`;
  if (scope !== expected) return `scope ${scope}, expected ${expected}`;
  const names = new Set(signed.split(';'));
  if (!names.has('host')) return 'the host is not signed';
  const moment = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Math.abs(moment.getTime() - Date.now()) > 5 * 60_000) return `Signature expired: ${date}`;
  const [path = '/', query = ''] = request.target.split('?');
  const signer = new SignatureV4({
    credentials: account,
    region: account.region,
    service: account.service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const again = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => names.has(name))),
      body: request.body,
    },
    { signingDate: moment, signableHeaders: names, unsignableHeaders: new Set(['authorization']) },
  );
  return again.headers['authorization']?.endsWith(`Signature=${String(signature)}`) === true
    ? null
    : 'The request signature we calculated does not match the signature you provided.';
}

/** In the form that AWS's packages take. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array | string);
  }

  update(piece: string | Uint8Array): void {
    this.#hash.update(piece);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {}
}
