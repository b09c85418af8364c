import { openPostgresBus } from '../../providers/bus/postgres/postgres-bus.ts';
import { openDatabase } from '../../providers/store/postgres/database.ts';
import { createPostgresEventList } from '../../providers/store/postgres/event-list.ts';
import { createPostgresJournal } from '../../providers/store/postgres/journal.ts';
import { startStreamLab } from '../../test/streams/stream-lab.ts';

/** An api process of its own, whose CPU time can be asked for. Serves until its parent goes. */
const url = process.argv[2] ?? '';
const database = openDatabase({ url });
const bus = await openPostgresBus({
  url,
  channels: ['streams', 'watched'],
  onProblem: (message, error) => console.error(message, error),
});
const lab = await startStreamLab({
  bus,
  journal: createPostgresJournal(database),
  list: createPostgresEventList(database),
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, rss: process.memoryUsage.rss(), open: lab.hub.open });
});
process.on('disconnect', () => process.exit());
process.send?.({ url: lab.url });
