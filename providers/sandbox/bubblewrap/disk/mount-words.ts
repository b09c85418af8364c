/** The disk of one session: its file, and the folder that it is mounted on. */
export interface SessionDisk {
  image: string;
  files: string;
}

/** What lies in it from the beginning. */
export const DISK_FOLDERS = ['workspace', 'home', 'outputs', 'state', 'tool-outputs'] as const;

/**
 * Mounts the disk, gives its folders away the first time (the owner of its root tells: it is the last), and runs the rest. Nobody but
 * sandboxd's user may change names in its root; that they are folders is looked at all the same, since they are bound next.
 */
const MOUNT_SCRIPT = `image=$1; files=$2; keeper=$3; shift 3
options=loop,nosuid,nodev,noatime,discard,noinit_itable,resuid=$keeper
mount -i -n -t ext4 -o "$options" "$image" "$files" || exit 97
cd "$files" || exit 97
if [ -O . ]; then chown "$keeper:$keeper" ${DISK_FOLDERS.join(' ')} . || exit 97; fi
for name in ${DISK_FOLDERS.join(' ')}; do
  if [ ! -d "$name" ] || [ -L "$name" ]; then
    echo "The sandbox is not started: $name on the disk $image is missing or no folder." >&2
    exit 96
  fi
done
cd / && exec "$@"`;

/** The words before a program that is to see the disk, in a mount namespace that ends with it. Only root can. */
export function mountWords({ image, files }: SessionDisk, keeper: number): string[] {
  const apart = ['unshare', '--mount', '--propagation', 'slave'];
  return [...apart, '/bin/sh', '-c', MOUNT_SCRIPT, 'disk', image, files, String(keeper)];
}
