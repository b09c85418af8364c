/** What the dev server is started with. */
export interface ServerArguments {
  port: number;
  uiPort: number;
  databaseFile: string;
  namespace: string;
  /** Of each task queue, that are looked into for tasks; new ones are only put into the first. */
  readPartitions: number;
}

/**
 * The dev server's command line. Two keys make each history shard look for work as soon as there is some instead of 20 times a second,
 * which costs a session up to 50 ms a step. The HTTP API, which listens whether one wants it or not, gets a host name that no browser
 * can send, since otherwise any web page could start workflows through it. The UI's path is the one under which the API serves it.
 *
 * How far its queues of tasks are done, the server notes every half a minute and stores every five minutes: one that is killed does all of
 * that again when it starts, beside the sessions that wait for it. Here it stores it every other second in which there is something new,
 * and the first time a second after its start.
 *
 * A task queue has one partition. With more of them a task lands in any, and the few polls of one worker in any other: right after a
 * start, when it has not yet learned which are used, a task was seen to wait for up to ten seconds beside a worker that polled.
 */
export function serverArguments(wanted: ServerArguments): string[] {
  const { port, uiPort, databaseFile, namespace, readPartitions } = wanted;
  const dynamic = {
    'history.transferProcessorMaxPollRPS': 2000,
    'history.timerProcessorMaxPollRPS': 2000,
    'frontend.httpAllowedHosts': ['none.invalid'],
    'history.transferProcessorUpdateAckInterval': '2s',
    'history.timerProcessorUpdateAckInterval': '2s',
    'history.visibilityProcessorUpdateAckInterval': '2s',
    'history.shardFirstUpdateInterval': '1s',
    'history.shardUpdateMinInterval': '2s',
    'matching.numTaskqueueWritePartitions': 1,
    'matching.numTaskqueueReadPartitions': readPartitions,
  };
  return [
    ['server', 'start-dev'],
    ['--ip', '127.0.0.1'],
    ['--port', String(port)],
    ['--ui-port', String(uiPort)],
    ['--ui-public-path', '/temporal'],
    ['--ui-disable-news-fetch'],
    ['--namespace', namespace],
    ['--db-filename', databaseFile],
    ['--sqlite-pragma', 'journal_mode=WAL'],
    ['--sqlite-pragma', 'synchronous=NORMAL'],
    ['--log-level', 'warn'],
    ...Object.entries(dynamic).map(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ].flat();
}
