import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import type { OperatorCheck } from '../operator-check.ts';
import { defineRoute, type Route } from '../route.ts';

const Base64 = z.base64();

/** A payload of Temporal in the JSON form of protobuf: bytes are base64. */
const WirePayload = z.object({
  metadata: z.record(z.string(), Base64).default({}),
  data: Base64.default(''),
});
const WirePayloads = z.object({ payloads: z.array(WirePayload) });

type Payloads = Parameters<PayloadCodec['decode']>[0];

/**
 * The codec server of the Temporal UI and the Temporal CLI (`--codec-endpoint <api>/codec`): decrypts what the service encrypted, and
 * encrypts what an operator enters. Errors of keys answer in the envelope.
 */
export function codecRoutes(deps: { codec: PayloadCodec; mayOperate: OperatorCheck }): Route[] {
  const shared = {
    method: 'POST',
    tag: 'Operators',
    rate: 'read',
    body: WirePayloads,
    response: WirePayloads,
  } as const;
  return [
    defineRoute({
      path: '/codec/decode',
      operationId: 'decodePayloads',
      summary: 'Decrypt payloads of Temporal',
      ...shared,
      handle: async ({ body, caller }) => {
        deps.mayOperate(caller);
        return toWire(await deps.codec.decode(fromWire(body)));
      },
    }),
    defineRoute({
      path: '/codec/encode',
      operationId: 'encodePayloads',
      summary: 'Encrypt payloads for Temporal',
      ...shared,
      handle: async ({ body, caller }) => {
        deps.mayOperate(caller);
        return toWire(await deps.codec.encode(fromWire(body)));
      },
    }),
  ];
}

function fromWire({ payloads }: z.output<typeof WirePayloads>): Payloads {
  return payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
}

function toWire(payloads: Payloads): z.output<typeof WirePayloads> {
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)]),
      ),
      data: base64(data),
    })),
  };
}
