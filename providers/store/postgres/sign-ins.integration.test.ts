import { startTestServices } from '../../../test/harness/start-test-services.ts';
import { signInsContract } from '../contract/sign-ins.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresSignIns } from './sign-ins.ts';

signInsContract('on PostgreSQL', async () => {
  const services = await startTestServices();
  const database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  return {
    signIns: createPostgresSignIns(database),
    close: async () => {
      await database.close();
      await services.stop();
    },
  };
});
