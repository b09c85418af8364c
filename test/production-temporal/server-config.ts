interface ProductionServer {
  /** Nine free ports: for gRPC and membership of frontend, history, matching and worker, and one for the HTTP API. */
  ports: number[];
  databasePort: number;
  password: string;
  /** Path of the dynamic configuration. */
  dynamicConfig: string;
}

/** The configuration of one production server that runs all four services on loopback, with its data in PostgreSQL. */
export function productionConfig({ ports, databasePort, password, dynamicConfig }: ProductionServer): object {
  const frontend = `127.0.0.1:${ports[0]}`;
  const database = (databaseName: string) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `127.0.0.1:${databasePort}`,
      connectProtocol: 'tcp',
      user: 'temporal',
      password,
      maxConns: 20,
      maxIdleConns: 20,
    },
  });
  const service = (index: number, more: object = {}) => ({
    rpc: { grpcPort: ports[2 * index], membershipPort: ports[2 * index + 1], bindOnIP: '127.0.0.1', ...more },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      numHistoryShards: 4,
      defaultStore: 'default',
      visibilityStore: 'visibility',
      datastores: { default: database('temporal'), visibility: database('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(0, { httpPort: ports[8] }),
      history: service(1),
      matching: service(2),
      worker: service(3),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: frontend },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: frontend },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '60s' },
  };
}
