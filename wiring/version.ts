/** The version of the service, as its interfaces and traces name it. */
export const VERSION = '0.1.0';
