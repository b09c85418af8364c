import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { pageOf, pageQuery } from '../../core/schema/page.ts';
import { queryInteger } from '../../core/schema/query.ts';
import { TimeFilter } from '../../core/schema/time.ts';
import type { AuditFilter, AuditLog, AuditProblem } from '../../providers/store/audit-log.ts';
import { canonicalAddress } from '../../providers/network/address-set.ts';
import { auditLines, AuditRecord, toAuditRecord } from '../../providers/store/audit/audit-record.ts';
import { parseMark } from '../../providers/store/audit/audit-mark.ts';
import type { AuditTally } from '../audit/audit-tally.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { entryOf } from '../middleware/audit-refusals.ts';
import type { OperatorCheck } from '../operator-check.ts';
import { defineStreamRoute, type Route } from '../route.ts';

const LIST = 'audit';
/** Entries that lie in memory at once, of an export of any length. */
const AT_ONCE = 1_000;
/** Problems that an answer names one by one. */
const NAMED = 100;

const Text = z.string().min(1).max(1_000);
const Seq = queryInteger(0, Number.MAX_SAFE_INTEGER);
const Place = z.object({ seq: z.int() });

const filters = {
  'created_at[gte]': TimeFilter.optional(),
  'created_at[lt]': TimeFilter.optional(),
  workspace_id: z.string().max(1_000).optional(),
  key_id: Text.optional(),
  operation: Text.optional(),
  resource: Text.optional(),
  status: queryInteger(100, 599).optional(),
  address: Text.transform(canonicalAddress).optional(),
};
const ListQuery = z.strictObject({
  ...filters,
  ...pageQuery(100, 1_000),
  order: z.enum(['asc', 'desc']).default('desc'),
});
const ExportQuery = z.strictObject({ ...filters, after: Seq.optional() });
const VerifyQuery = z.strictObject({
  mark: z
    .string()
    .transform((text, context) => {
      const mark = parseMark(text);
      if (mark === null)
        context.addIssue('expected SEQ:HASH, as this route and npm run verify-audit name it');
      return mark ?? z.NEVER;
    })
    .optional(),
});

const Mark = z.object({ seq: z.int(), hash: z.string() });
const Verification = z.object({
  type: z.literal('audit_verification'),
  intact: z.boolean(),
  entries: z.int().nullable(),
  newest: Mark.nullable(),
  mark_compared: z.boolean().nullable(),
  problem_count: z.int(),
  problems: z.array(z.object({ seq: z.int(), problem: z.string() })),
});

/** The audit log, for operators: to look something up, to take away, and to check. Each use leaves an entry in it. */
export function auditRoutes(deps: {
  log: Pick<AuditLog, 'read' | 'verify'>;
  mayRead: OperatorCheck;
  /** Told of each use. */
  reads: Pick<AuditTally, 'note'>;
}): Route[] {
  const { log, mayRead, reads } = deps;
  const shared = { method: 'GET', tag: 'Operators', rate: 'read' } as const;
  let verifying = false;

  function begin(
    operation: string,
    request: Request,
    response: Response,
    caller: Parameters<OperatorCheck>[0],
  ): void {
    mayRead(caller);
    const entry = entryOf(request, response, operation);
    response.once('close', () => reads.note({ ...entry, status: response.statusCode }));
  }

  return [
    defineStreamRoute({
      ...shared,
      path: '/audit',
      operationId: 'listAuditEntries',
      summary: 'List entries of the audit log, newest first',
      query: ListQuery,
      response: pageOf(AuditRecord),
      content: 'application/json',
      async handle({ query, caller, raw }, response) {
        begin('listAuditEntries', raw, response, caller);
        const { limit, order, page } = query;
        const after = page === undefined ? undefined : decodeCursor(LIST, Place, page).seq;
        const found = [];
        // One more than shown says whether there are more.
        for await (const some of log.read(filterOf(query), { order, after, atOnce: limit + 1 })) {
          found.push(...some);
          if (found.length > limit) break;
        }
        const shown = found.slice(0, limit);
        const last = shown.at(-1);
        const next = found.length > limit && last ? encodeCursor(LIST, { seq: last.seq }) : null;
        response.json({ data: shown.map(toAuditRecord), next_page: next });
      },
    }),

    defineStreamRoute({
      ...shared,
      path: '/audit/export',
      operationId: 'exportAuditLog',
      summary: 'Export the audit log as lines of JSON, oldest first',
      query: ExportQuery,
      response: AuditRecord,
      content: 'application/x-ndjson',
      async handle({ query, caller, raw }, response, signal) {
        begin('exportAuditLog', raw, response, caller);
        const { after } = query;
        const lines = auditLines(log.read(filterOf(query), { order: 'asc', after, atOnce: AT_ONCE }));
        // What goes wrong before the first line still gets an answer of its own.
        const first = await lines.next();
        response.attachment('audit.jsonl').type('application/x-ndjson');
        if (first.done === true || raw.method === 'HEAD') {
          await lines.return(undefined);
          response.end();
          return;
        }
        response.write(first.value);
        await pipeline(Readable.from(lines), response, { signal });
      },
    }),

    defineStreamRoute({
      ...shared,
      path: '/audit/verification',
      operationId: 'verifyAuditLog',
      summary: 'Check that the audit log is as it was written',
      query: VerifyQuery,
      response: Verification,
      content: 'application/json',
      async handle({ query: { mark }, caller, raw }, response) {
        begin('verifyAuditLog', raw, response, caller);
        if (verifying) {
          throw new AppError(
            'rate_limited',
            'The audit log is being verified already. Ask again in a moment.',
            {
              retryAfterMs: 5_000,
            },
          );
        }
        verifying = true;
        const problems: AuditProblem[] = [];
        let count = 0;
        try {
          const verdict = await log.verify(mark, (problem) => {
            count += 1;
            if (problems.length < NAMED) problems.push(problem);
          });
          response.json({
            type: 'audit_verification',
            intact: verdict.intact,
            entries: verdict.intact ? verdict.entries : null,
            newest: verdict.intact ? verdict.newest : null,
            mark_compared: mark === undefined || !verdict.intact ? null : verdict.isCompared,
            problem_count: count,
            problems,
          });
        } finally {
          verifying = false;
        }
      },
    }),
  ];
}

function filterOf(query: z.output<typeof ExportQuery> | z.output<typeof ListQuery>): AuditFilter {
  return {
    from: query['created_at[gte]'],
    until: query['created_at[lt]'],
    workspaceId: query.workspace_id,
    keyId: query.key_id,
    operation: query.operation,
    resource: query.resource,
    status: query.status,
    address: query.address,
  };
}
