import { COMMIT_REF } from '../providers/repository/repository-source.ts';
import type { StoredRepository } from '../providers/store/sessions.ts';

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What in the sandbox says that a repository was placed; it outlives a folder that the agent moved or removed. */
export function repositoryMark(id: string): string {
  return `~/.managed-agent/repositories/${id}`;
}

/**
 * The command that makes a repository's folder from a bundle: as a whole or not at all, with the repository's own address as its
 * remote. A folder that is there already is left as it is.
 *
 * @param bundle - the path of the bundle inside.
 */
export function repositoryScript(
  repository: Pick<StoredRepository, 'id' | 'url' | 'checkout' | 'mountPath'>,
  bundle: string,
): string {
  const { checkout, mountPath, url, id } = repository;
  const branch = checkout?.type === 'branch' ? `--branch ${quoted(checkout.name)}` : '';
  const commit =
    checkout?.type === 'commit'
      ? `git -C "$work/repository" fetch --quiet "$bundle" ${quoted(COMMIT_REF)}
git -C "$work/repository" checkout --quiet --detach ${quoted(checkout.sha)}`
      : '';
  return `(
set -eu
target=${quoted(mountPath)}
bundle=${quoted(bundle)}
mark="$HOME/.managed-agent/repositories/"${quoted(id)}
mkdir -p "$(dirname "$mark")" "$(dirname "$target")"
if [ ! -e "$target/.git" ]; then
  # What an attempt left that was killed.
  find "$(dirname "$target")" -mindepth 1 -maxdepth 1 -name '.placing-*' -mmin +15 -exec rm -rf {} + || true
  work=$(mktemp -d "$(dirname "$target")/.placing-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  git -c advice.detachedHead=false clone --quiet ${branch} "$bundle" "$work/repository"
  git -C "$work/repository" remote set-url origin ${quoted(url)}
  ${commit}
  mv -T "$work/repository" "$target"
fi
git -C "$target" rev-parse HEAD > "$mark"
)`;
}
