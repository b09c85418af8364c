/** Codes of Node's TLS for a certificate that leads to no authority that is trusted here. */
const UNTRUSTED =
  /^(UNABLE_TO_(GET|VERIFY)_|SELF_SIGNED_|DEPTH_ZERO_|CERT_(UNTRUSTED|CHAIN_TOO_LONG|SIGNATURE_FAILURE))/;

/** What is wrong and what helps, where a connection failed with this code because nobody here trusts the server's certificate. */
export function untrustedCertificate(code: string | undefined): string | undefined {
  if (code === undefined || !UNTRUSTED.test(code)) return undefined;
  return `its certificate is not trusted: ${code}; where a proxy inspects TLS, or a company has an authority of its own, name that authority's file in network.ca_file`;
}
