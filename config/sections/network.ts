import { z } from 'zod';

/** The way out of the operator's network. */
export const NetworkSettings = z.strictObject({
  proxy: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'URL of the HTTP proxy for all that goes out, such as http://user:password@proxy.example.com:3128; none: no proxy; null: that of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY).',
    ),
  no_proxy: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe(
      'What is asked without the proxy: names with all below them, *.names, addresses, networks such as 10.0.0.0/8, each with a :port or without, and *; null: NO_PROXY of the environment.',
    ),
  proxy_resolves: z
    .boolean()
    .default(false)
    .describe(
      'What sandboxes and users name is asked of the proxy by name, also where the name is not known here, and the proxy’s rules decide what may lie behind it; false: names are resolved here, and the proxy is asked for the checked address.',
    ),
  ca_file: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Certificate authorities in PEM that are trusted besides the public ones, by the service and in sandboxes.',
    ),
});
