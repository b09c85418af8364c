/** What says whose the engine's containers, networks and volumes are. */
export const LABELS = {
  instance: 'managed-agent.instance',
  session: 'managed-agent.session',
  /** Of a volume of packages: which set it is for; of the mark of a whole set: its volume. */
  packages: 'managed-agent.packages',
} as const;
