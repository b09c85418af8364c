import {
  createHttpHeaders,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { outboundFetch } from '../../network/outbound-fetch.ts';

/** The way out for Azure's packages, which else know of no proxy but that of the environment. */
export function createEntraHttp(): HttpClient {
  const outbound = outboundFetch();
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const { hostname } = new URL(request.url);
      // The metadata service of a machine answers the machine alone, never a proxy.
      // oxlint-disable-next-line eslint/no-restricted-globals
      const send = hostname === '169.254.169.254' ? fetch : outbound;
      try {
        const response = await send(request.url, {
          method: request.method,
          headers: new Headers(request.headers.toJSON()),
          redirect: 'manual',
          ...(typeof request.body === 'string' ? { body: request.body } : {}),
          signal: AbortSignal.any([
            ...(request.abortSignal instanceof AbortSignal ? [request.abortSignal] : []),
            AbortSignal.timeout(request.timeout > 0 ? request.timeout : PATIENCE_MS),
          ]),
        });
        return {
          request,
          status: response.status,
          headers: createHttpHeaders(Object.fromEntries(response.headers)),
          bodyAsText: await response.text(),
        };
      } catch (error) {
        throw new RestError(error instanceof Error ? error.message : String(error), {
          code: RestError.REQUEST_SEND_ERROR,
          request,
          ...(error instanceof Error ? { cause: error } : {}),
        });
      }
    },
  };
}

/** Whoever hands out tokens answers within seconds. */
const PATIENCE_MS = 30_000;
