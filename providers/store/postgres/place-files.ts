import { pinsOf, type PlacedFile } from '../../../core/journal/media-pins.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Connection } from './database.ts';

const PLACE_FILES = `
  WITH placed AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[])
      WITH ORDINALITY AS n (file_id, resource_id, name, media_type, bytes, sha256, path, place)
    WHERE NOT EXISTS (SELECT 1 FROM session_resources r WHERE r.session_id = $2 AND r.mount_path = n.path)),
  copies AS (
    INSERT INTO files (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at, expires_at)
    SELECT file_id, $1, $2, name, media_type, bytes, sha256, false, to_timestamp($3 / 1000.0), NULL FROM placed)
  INSERT INTO session_resources (id, session_id, type, file_id, mount_path, created_at, updated_at)
  SELECT resource_id, $2, 'file', file_id, path, to_timestamp($3 / 1000.0), to_timestamp($3 / 1000.0) FROM placed ORDER BY place`;

/**
 * Attaches the files that accepted events bring to their session, inside the transaction that accepts them, so that they are there
 * before anything reads the message. A file that lies at its place already is not attached again.
 *
 * @param bodies - of the events that the transaction inserts.
 * @param at - Unix milliseconds.
 */
export function placeFiles(
  connection: Connection,
  { workspaceId, sessionId }: { workspaceId: string; sessionId: string },
  bodies: readonly JsonObject[],
  at: number,
): void {
  const given = new Map<string, PlacedFile>();
  for (const body of bodies) for (const { file } of pinsOf(body)) if (file) given.set(file.path, file);
  if (given.size === 0) return;
  const files = [...given.values()];
  connection.send({
    name: 'journal-files',
    text: PLACE_FILES,
    values: [
      workspaceId,
      sessionId,
      at,
      files.map((file) => file.file_id),
      files.map((file) => file.resource_id),
      files.map((file) => file.name),
      files.map((file) => file.media_type),
      files.map((file) => file.bytes),
      files.map((file) => file.sha256),
      files.map((file) => file.path),
    ],
  });
}
