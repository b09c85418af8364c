import Docker from 'dockerode';
import { startDockerEngine, type DockerEngineDouble } from './engine.ts';

/** The real engine that tests are to use, or undefined: then they use the double, which needs root. */
export const realDockerHost: string | undefined = process.env['MANAGED_AGENT_TEST_DOCKER_HOST'];
/** The image on the real engine. */
export const realDockerImage: string =
  process.env['MANAGED_AGENT_TEST_DOCKER_IMAGE'] ?? 'managed-agent-sandbox';

const SESSION = 'managed-agent.session';

/** What the drivers' tests ask of an engine besides what the driver does, through its HTTP API: it may be a real one. */
export interface EngineUnderTest {
  host: string;
  image: string;
  docker: Docker;
  /** The double, for what a real engine cannot be told. */
  double: DockerEngineDouble | null;
  /** The address of the engine's host on the network through which gates reach the world, and that network. */
  outer: { gateway: string; subnet: string };
  /** What exists of sessions whose id begins so. */
  names(sessions: string): Promise<{ containers: string[]; networks: string[]; volumes: string[] }>;
  container(part: 'sandbox' | 'gate', sessionId: string): Promise<Docker.Container>;
  /** Ends the container's processes. */
  crash(part: 'sandbox' | 'gate', sessionId: string): Promise<void>;
  close(): Promise<void>;
}

interface Labelled {
  Labels?: Record<string, string> | undefined;
}

export async function startEngineUnderTest(): Promise<EngineUnderTest> {
  const double = realDockerHost === undefined ? await startDockerEngine() : null;
  const host = double?.host ?? realDockerHost ?? '';
  const docker = host.startsWith('unix:')
    ? new Docker({ socketPath: new URL(host).pathname })
    : new Docker({ host });
  const { IPAM } = (await docker.getNetwork('bridge').inspect()) as {
    IPAM: { Config: { Subnet: string; Gateway: string }[] };
  };
  const { Subnet: subnet = '', Gateway: gateway = '' } = IPAM.Config[0] ?? {};
  const filters = { label: [SESSION] };

  async function container(part: 'sandbox' | 'gate', sessionId: string): Promise<Docker.Container> {
    const label = [`${SESSION}=${sessionId}`];
    const rows = await docker.listContainers({ all: true, filters: { label } });
    const found = rows.find(({ Names }) => (Names[0] ?? '').endsWith('-gate') === (part === 'gate'));
    if (found === undefined) throw new Error(`session ${sessionId} has no ${part}`);
    return docker.getContainer(found.Id);
  }

  return {
    host,
    image: double === null ? realDockerImage : 'sandbox',
    docker,
    double,
    outer: { gateway, subnet },
    async names(sessions) {
      const isOf = ({ Labels }: Labelled): boolean => Labels?.[SESSION]?.startsWith(sessions) === true;
      const [containers, networks, { Volumes: volumes }] = await Promise.all([
        docker.listContainers({ all: true, filters }),
        docker.listNetworks({ filters }),
        docker.listVolumes({ filters: JSON.stringify(filters) }),
      ]);
      return {
        containers: containers.filter(isOf).map(({ Names }) => Names[0] ?? ''),
        networks: networks.filter(isOf).map(({ Name }) => Name),
        volumes: volumes.filter(isOf).map(({ Name }) => Name),
      };
    },
    container,
    async crash(part, sessionId) {
      await (await container(part, sessionId)).kill();
    },
    async close() {
      await double?.close();
    },
  };
}
