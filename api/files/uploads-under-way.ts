import { quotaExceeded } from '../../core/files/quota-exceeded.ts';

/**
 * Bytes of uploads that have come and are no files yet: they lie on the disk, and no row counts them. Several apis side by side each know
 * their own.
 */
export interface UploadsUnderWay {
  /**
   * Begins to count one.
   *
   * @param room - bytes that its workspace may still store, without those that are under way.
   */
  begin(workspaceId: string, room: number, quotaBytes: number): UploadAccount;
}

/** What one upload has brought so far. */
export interface UploadAccount {
  /** Counts bytes before they are stored. Throws `invalid_request` when all of the workspace have brought more than there is room for. */
  take(bytes: number): void;
  /** It is a file now, or gone. */
  end(): void;
}

export function createUploadsUnderWay(): UploadsUnderWay {
  const byWorkspace = new Map<string, number>();
  return {
    begin(workspaceId, room, quotaBytes) {
      let taken = 0;
      const change = (by: number): number => {
        const sum = (byWorkspace.get(workspaceId) ?? 0) + by;
        if (sum > 0) byWorkspace.set(workspaceId, sum);
        else byWorkspace.delete(workspaceId);
        taken += by;
        return sum;
      };
      return {
        take(bytes) {
          if (change(bytes) > room) throw quotaExceeded(quotaBytes);
        },
        end: () => void change(-taken),
      };
    },
  };
}
