import { z } from 'zod';

const MiB = 1024 * 1024;

const Limits = z.strictObject({
  processes: z.int().positive().default(512).describe('Processes and threads at once.'),
  memory_bytes: z
    .int()
    .positive()
    .default(4096 * MiB)
    .describe('Memory of all processes together.'),
  process_memory_bytes: z
    .int()
    .positive()
    .default(2048 * MiB)
    .describe('Data memory of one process.'),
  cpus: z.number().positive().default(2).describe('CPU cores.'),
  open_files: z.int().positive().default(4096).describe('Open files per process.'),
  file_bytes: z
    .int()
    .positive()
    .default(1024 * MiB)
    .describe('Size of one file.'),
  workspace_bytes: z
    .int()
    .positive()
    .default(2048 * MiB)
    .describe('Size of the workspace.'),
  tmp_bytes: z
    .int()
    .positive()
    .default(512 * MiB)
    .describe('Size of /tmp.'),
  shm_bytes: z
    .int()
    .positive()
    .default(256 * MiB)
    .describe('Size of /dev/shm.'),
  command_seconds: z
    .number()
    .positive()
    .default(120)
    .describe('Longest a command runs when it names no time.'),
  max_command_seconds: z.number().positive().default(1800).describe('Longest time that a command may name.'),
  output_characters: z
    .int()
    .min(1_000)
    .max(1_000_000)
    .default(100_000)
    .describe(
      'Output of a tool that the model reads directly; more is shown as a preview and kept as a file.',
    ),
  output_file_bytes: z
    .int()
    .positive()
    .default(64 * MiB)
    .describe('Output of a command that is kept as a file.'),
});

/** Where tools run. */
export const SandboxSettings = z.strictObject({
  driver: z
    .enum(['auto', 'bubblewrap', 'aio', 'docker', 'none', 'unsafe_local'])
    .default('auto')
    .describe(
      'auto: bubblewrap on Linux, else docker; bubblewrap, aio, docker; none: no tools that need one; unsafe_local: NOT isolated, loopback only.',
    ),
  folder: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Folder of the sandboxes, for workers of one container; null: data_dir, or the first of its hosts/2, hosts/3… that no other container has.',
    ),
  uid_base: z
    .int()
    .min(1000)
    .max(2_147_483_647)
    .default(1_900_000_000)
    .describe('First of the user ids that sandboxes get when the service runs as root.'),
  uid_count: z.int().positive().max(1_000_000).default(10_000).describe('How many user ids from there.'),
  idle_stop_seconds: z
    .number()
    .positive()
    .default(600)
    .describe('Idle time after which a sandbox stops; its files stay.'),
  browser_idle_stop_seconds: z
    .number()
    .positive()
    .default(120)
    .describe('Idle time after which its browser stops.'),
  private_networks: z
    .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
    .default([])
    .describe(
      'Private networks that sandboxes may reach all the same, such as 10.1.0.0/16; metadata addresses of clouds only where named alone.',
    ),
  github_url: z
    .url({ protocol: /^https?$/ })
    .default('https://github.com')
    .describe('Where GitHub repositories of sessions are fetched from: GitHub, or a mirror with its paths.'),
  host_timeout_seconds: z
    .number()
    .min(1)
    .default(30)
    .describe('A host of sandboxes that is silent for so long is gone; its sessions go on elsewhere.'),
  checkpoint_bytes: z
    .int()
    .min(0)
    .default(1024 * MiB)
    .describe('Most that is saved of one sandbox, uncompressed; 0: nothing is saved.'),
  checkpoint_files: z.int().positive().default(100_000).describe('Most files and folders of it.'),
  checkpoint_interval_seconds: z
    .number()
    .positive()
    .default(300)
    .describe('A turn that goes on for so long is saved between two calls; others when they end.'),
  max_running: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      'Sandboxes that run at once on a host; null: as many as its memory holds, (memory - 1 GiB) / 256 MiB; 0: no limit.',
    ),
  sized_disks: z
    .boolean()
    .default(false)
    .describe(
      'bubblewrap as root: each new session has a file system of its own size, in a file of the host.',
    ),
  limits: Limits.prefault({}),
  aio_url: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('URL of AIO containers, one per session: {session_id} in it is replaced.'),
  aio_pool: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe('URLs of AIO containers instead: each serves one session, until it was made anew.'),
  aio_api_key: z.string().nullable().default(null).describe('API key of the AIO Sandbox.'),
  aio_api_key_file: z.string().nullable().default(null).describe('File that holds that key.'),
  docker_image: z.string().min(1).default('managed-agent-sandbox').describe('Image of the docker driver.'),
  docker_host: z
    .string()
    .regex(/^(unix|tcp|http|https):\/\//, 'expected unix://, tcp://, http:// or https://')
    .nullable()
    .default(null)
    .describe('Docker engine, such as unix:///var/run/docker.sock; null: its usual socket.'),
  docker_network: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Docker network that workers in containers share with the gates; null: ports of the loopback.'),
});

/** The web_search tool. */
export const WebSearchSettings = z.strictObject({
  provider: z
    .enum(['none', 'brave', 'tavily', 'searxng'])
    .default('none')
    .describe('Who answers web_search; none: the tool is not offered.'),
  base_url: z.url().nullable().default(null).describe('URL of the search service; needed for searxng.'),
  api_key: z.string().nullable().default(null).describe('Its API key.'),
  api_key_env: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Environment variable that holds the key.'),
  api_key_file: z.string().nullable().default(null).describe('File that holds the key.'),
});
