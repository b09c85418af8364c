import { readFileSync } from 'node:fs';

/** How to reach a Temporal server; the settings `temporal.*`. */
export interface TemporalAccess {
  /** host:port, or `unix:` and a path. */
  address: string;
  tls: boolean;
  tls_server_name: string | null;
  tls_ca_file: string | null;
  tls_cert_file: string | null;
  tls_key_file: string | null;
  api_key: string | null;
}

/** Options that the connections of client and worker both take. */
export interface TemporalConnectionOptions {
  /** host:port, or `unix:` and the absolute path of a socket that answers HTTP CONNECT (`door/pass-through.sh`). */
  address: string;
  apiKey?: string;
  tls?:
    | boolean
    | {
        serverNameOverride?: string;
        serverRootCACertificate?: Buffer;
        clientCertPair?: { crt: Buffer; key: Buffer };
      };
}

/** The path in an address such as `unix:/run/temporal/grpc.sock`; null for host:port. */
export function socketPathOf(address: string): string | null {
  return address.startsWith('unix:/') ? address.slice('unix:'.length).replace(/^\/+/, '/') : null;
}

/** Turns settings into connection options; reads the certificate files. */
export function temporalConnectionOptions(access: TemporalAccess): TemporalConnectionOptions {
  const { tls_server_name: name, tls_ca_file: ca, tls_cert_file: certificate, tls_key_file: key } = access;
  const tls = {
    ...(name !== null && { serverNameOverride: name }),
    ...(ca !== null && { serverRootCACertificate: readFileSync(ca) }),
    ...(certificate !== null &&
      key !== null && { clientCertPair: { crt: readFileSync(certificate), key: readFileSync(key) } }),
  };
  return {
    address: access.address,
    ...(access.api_key !== null && { apiKey: access.api_key }),
    ...(access.tls && { tls: Object.keys(tls).length === 0 ? true : tls }),
  };
}
