/** Bodies of one page take at most about this much; large strings, which lie in blobs, do not count. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** How many times larger than stored a compressed body is counted as: text of people and programs is less, and what is made to be more is bounded. */
const UNPACKED = 16;

/**
 * A query's rows, cut behind those whose bodies fill a page; at least one of them. How much a body unpacks to is only known by unpacking
 * it, which could take long for what is not shown.
 *
 * @param rows - a statement that gives `body` and what `order` names.
 */
export function withinPage(rows: string, order: string): string {
  return `SELECT * FROM (
      SELECT *, coalesce(sum(pg_column_size(body) * CASE WHEN pg_column_compression(body) IS NULL THEN 1 ELSE ${UNPACKED} END)
        OVER (ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
      FROM (${rows}) AS page) AS measured
    WHERE before < ${PAGE_BYTES} ORDER BY ${order}`;
}
