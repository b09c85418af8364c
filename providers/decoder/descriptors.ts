/** Where a decoder process writes its answers: apart from what parsers print. */
export const ANSWERS_DESCRIPTOR = 3;

/** Where bwrap tells which process it made, and reads the system call filter. */
export const BUBBLEWRAP_DESCRIPTORS = { info: 4, seccomp: 5 } as const;
