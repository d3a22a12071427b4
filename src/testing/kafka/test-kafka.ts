import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBroker } from './broker-check.ts';
import { kafkaClassPath, KAFKA_VERSION, missingPrograms } from './class-path.ts';
import { checkDumps } from './dump-check.ts';
import { Checks, say } from './report.ts';

/** `npm run test:kafka`: files that Highwater wrote, in the hands of a real Kafka. */
process.exitCode = await testKafka();

async function testKafka(): Promise<number> {
  const missing = missingPrograms();
  if (missing !== null) {
    say(`SKIPPED: test:kafka starts a real Kafka ${KAFKA_VERSION}, which needs Java and Maven, and there is no ${missing} here.`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'highwater-kafka-'));
  const checks = new Checks();
  try {
    const classPath = kafkaClassPath();
    say(`Kafka ${KAFKA_VERSION}: its dump-log beside ours`);
    checkDumps(classPath, folder, checks);
    for (const logDirs of [['data'], ['data-1', 'data-2']]) {
      say(`Kafka ${KAFKA_VERSION} and its ZooKeeper on the disks of a run, ${logDirs.length === 1 ? 'one log dir' : 'two log dirs'}`);
      await checkBroker(classPath, { folder: mkdtempSync(join(folder, 'broker-')), logDirs }, checks);
    }
  } catch (error) {
    checks.check('test:kafka runs to its end', error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`${checks.passed} passed, ${checks.failed} failed`);
  return checks.failed === 0 && checks.passed > 0 ? 0 : 1;
}
