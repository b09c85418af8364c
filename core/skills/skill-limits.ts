/** Every number that bounds a skill. */
export const SKILL_LIMITS = {
  /** Characters of a name. */
  name: 64,
  /** Characters of a description. */
  description: 1_024,
  /** Characters of a display name. */
  displayName: 255,
  /** Bytes of SKILL.md: what a model can read in one call. */
  documentBytes: 256 * 1024,
  /** Characters of the frontmatter. */
  frontmatter: 32 * 1024,
  /** References to anchors that a frontmatter may expand to. */
  aliases: 20,
  /** How deep values of the frontmatter may be nested. */
  depth: 16,
  /** Declared arguments. */
  arguments: 32,
  /** Bytes of all files together, unpacked. */
  packageBytes: 30 * 1024 * 1024,
  /** Files and folders of a package. */
  entries: 2_000,
  /** Characters of a path, and of one part of it. */
  path: 400,
  pathPart: 200,
  /** How many times larger than packed a file above `ratioFrom` bytes may be. */
  ratio: 200,
  ratioFrom: 1024 * 1024,
  /** Skills of one session. */
  perSession: 500,
} as const;
