/**
 * Settings of the server, given on its command line so that they count whatever the files in the data folder say.
 * Sized for a small machine that runs everything else too: the journal is written and read at its end, and the system's own cache
 * holds the rest. What the user wants otherwise and is not named here goes into `postgresql.conf`.
 */
export function serverOptions(socketDir: string): Record<string, string> {
  return {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    max_connections: '200',
    shared_buffers: '64MB',
    work_mem: '4MB',
    maintenance_work_mem: '32MB',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    // Reads come from the system's cache, where processes of their own for input and output gain nothing.
    io_method: 'sync',
    jit: 'off',
    max_parallel_workers: '2',
    max_parallel_workers_per_gather: '0',
    autovacuum_max_workers: '2',
    autovacuum_naptime: '15s',
    max_wal_senders: '2',
    max_replication_slots: '0',
    log_line_prefix: '%m [%p] %u ',
    log_timezone: 'UTC',
    timezone: 'UTC',
  };
}

/** The server's command line. */
export function serverArguments(clusterDir: string, socketDir: string): string[] {
  const options = Object.entries(serverOptions(socketDir)).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  return ['-D', clusterDir, ...options];
}
